type Key = "claude" | "claude-acp" | "codex" | "codex-acp" | "opencode" | "gemini"

export const cache: string
export const packages: Readonly<Record<Key, { readonly name: string; readonly version: string }>>
/** The directory with the program. */
export function bin(key: Key): string
/** A file of the package. */
export function fileOf(key: Key, file: string): string
