/**
 * Text that an agent printed may hold characters that change how a line reads without being seen. They are shown
 * instead of obeyed.
 */

// Embedding, override and isolate controls and marks: they can make a command read as another one.
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
// Invisible: zero width, word joiner, the byte order mark, soft hyphen, tag characters.
const INVISIBLE = /[\u00ad\u200b\u2060-\u2064\ufeff]|[\u{e0000}-\u{e007f}]/gu
// All C0 and C1 controls but tab and newline.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

const named = (character: string): string =>
  `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`

/** The text with nothing hidden in it: direction controls and invisible characters are named, controls dropped. */
export const plainText = (text: string): string =>
  text.replace(CONTROLS, "").replace(BIDI, named).replace(INVISIBLE, named)
