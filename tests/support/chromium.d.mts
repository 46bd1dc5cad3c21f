/** The Chromium that the browser tests use; `null` when there is none. */
export function findChromium(): string | null
