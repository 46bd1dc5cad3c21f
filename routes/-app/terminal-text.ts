/** What a terminal would show after all of a program's output was printed, as runs of coloured text. */
import Anser from "anser"
import { plainText } from "./hidden-characters.ts"

export interface Run {
  readonly text: string
  /** One of the sixteen names of the palette, where the output asked for one. */
  readonly color: string | null
  readonly bold: boolean
  readonly dim: boolean
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences start with ESC or its C1 form
const SEQUENCE = /(?:\u001b\[|\u009b)[0-?]*[ -/]*([@-~])/g
// Window titles, links and other strings that are meant for the terminal.
const STRING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences start with ESC or a C1 control
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: single shifts and charset choices
const ESCAPE = /\u001b[ -/]*[0-Z\\^-~]/g

/** Folds carriage returns and backspaces and keeps of the escape sequences only colours. */
export function foldTerminal(text: string): string {
  const colours = text
    .replace(STRING, "")
    .replace(SEQUENCE, (sequence, final: string) => (final === "m" || final === "K" ? sequence : ""))
    .replace(ESCAPE, (sequence) => (sequence.startsWith("\u001b[") ? sequence : ""))
  return colours
    .split("\n")
    .map((line) => (/[\r\b]/.test(line) ? foldLine(line.replace(/\r+$/, "")) : withoutErase(line)))
    .join("\n")
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences start with ESC
const ERASE = /\u001b\[[0-?]*K/g
const withoutErase = (line: string): string => line.replace(ERASE, "")

/** One line as cells: a carriage return goes back to its start, and what comes then overwrites. */
function foldLine(line: string): string {
  const cells: { character: string; colour: string }[] = []
  let column = 0
  let colour = ""
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences start with ESC
  for (const token of line.match(/\u001b\[[0-?]*[mK]|[\s\S]/gu) ?? []) {
    if (token === "\r") column = 0
    else if (token === "\b") column = Math.max(0, column - 1)
    else if (token.endsWith("K") && token.length > 1) {
      if (!token.includes("1")) cells.length = token.includes("2") ? 0 : Math.min(cells.length, column)
    } else if (token.length > 1 && token.startsWith("\u001b")) colour = token
    else {
      while (cells.length < column) cells.push({ character: " ", colour: "" })
      cells[column++] = { character: token, colour }
    }
  }
  let shown = ""
  let current = ""
  for (const cell of cells) {
    if (cell.colour !== current) shown += cell.colour === "" ? "\u001b[0m" : `\u001b[0m${cell.colour}`
    current = cell.colour
    shown += cell.character
  }
  return current === colour ? shown : `${shown}\u001b[0m${colour}`
}

const NAMED = /^ansi-(bright-)?(black|red|green|yellow|blue|magenta|cyan|white)$/

/** The output as runs. Only the sixteen named colours are kept: they are the ones that a theme can make legible. */
export function terminalRuns(text: string): Run[] {
  return Anser.ansiToJson(foldTerminal(text), { json: true, remove_empty: true, use_classes: true })
    .map(({ content, fg, decorations }) => ({
      text: plainText(content),
      color: typeof fg === "string" && NAMED.test(fg) ? fg.replace(/^ansi-(bright-)?/, "") : null,
      bold: decorations.includes("bold"),
      dim: decorations.includes("dim"),
    }))
    .filter(({ text: shown }) => shown !== "")
}
