/**
 * Text for a terminal. What an agent writes is shown, never obeyed: no escape sequence, no control character and
 * no invisible change of direction gets through.
 */
import { stripVTControlCharacters } from "node:util"
import type { Io, Output } from "./io.ts"

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g
/** Marks that reorder what is read, or break a line without looking like it. */
const UNSEEN = /[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Safe to print: line breaks and tabs stay, marks that change the reading direction become visible. */
export const clean = (text: string): string =>
  stripVTControlCharacters(text.replaceAll("\r\n", "\n"))
    .replace(CONTROLS, "")
    .replace(
      UNSEEN,
      (mark) => `<U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`,
    )

/** The same on one line. */
export const oneLine = (text: string): string => clean(text).replace(/\s+/g, " ").trim()

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const ESCAPES_BUT_COLOURS = /\x1b(?!\[(?:0|1|2|31|32|33|36)m)/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const CONTROLS_BUT_LAYOUT = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]/g

/**
 * The last look at whatever is printed: only our own colours steer the terminal. Marks and controls beyond ASCII are
 * written as `\\u….`, which in JSON is the same text.
 */
export const inert = (text: string): string =>
  text
    .replace(ESCAPES_BUT_COLOURS, "")
    .replace(CONTROLS_BUT_LAYOUT, "")
    .replace(/[\x7f-\x9f]/g, asEscape)
    .replace(UNSEEN, asEscape)

const asEscape = (mark: string) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const NARROWEST = /\p{M}|[\u200b-\u200d]/u

/** How many columns a terminal uses for it. */
export function widthOf(text: string): number {
  let width = 0
  for (const letter of text) width += NARROWEST.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1
  return width
}

/** As much of the text as fits. */
export function cropped(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ""
  let used = 0
  for (const letter of text) {
    used += widthOf(letter)
    if (used > width - 1) break
    kept += letter
  }
  return width > 0 ? `${kept}…` : ""
}

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)))

/** Columns that line up; the last one gets what is left of `width`. */
export function table(rows: readonly (readonly string[])[], width: number): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.min(32, Math.max(...rows.map((row) => widthOf(row[column] ?? "")))),
  )
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const own = widths[column] ?? 0
      return column === columns - 1 ? cell : padded(cropped(cell, own), own)
    })
    return cropped(cells.join("  ").trimEnd(), width)
  })
  return `${lines.join("\n")}\n`
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof STYLES
export type Paint = (style: Style, text: string) => string

/** Colours where a person looks at a terminal that has them, plain text everywhere else. */
export const painter = (output: Output, { terminal }: Pick<Io, "terminal">): Paint =>
  output.isTTY && terminal.color ? (style, text) => `\x1b[${STYLES[style]}m${text}\x1b[0m` : (_, text) => text

/** A size as people read it. */
export const bytesIn = (bytes: number): string =>
  bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`
