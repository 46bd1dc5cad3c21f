/** The Chromium that the browser tests use; `null` when there is none. */
export function findChromium(): string | null
/** No sandbox, since containers have none; nothing that would go out to the network. */
export const CHROMIUM_FLAGS: string[]
