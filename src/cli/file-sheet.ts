import type { FileChange } from "#streams/file-change"
import { oneLine, type Paint } from "./terminal.ts"

const LETTERS: Readonly<Record<FileChange["status"], string>> = {
  added: "A",
  deleted: "D",
  modified: "M",
  renamed: "R",
  mode_changed: "M",
  type_changed: "T",
}

/** A line per file: `M src/a.ts +3 -1`. */
export const fileSheet = (files: readonly FileChange[], paint: Paint): string =>
  files.map((file) => `${LETTERS[file.status]} ${nameOf(file)} ${sizeOf(file, paint)}\n`).join("")

const nameOf = ({ from, path }: FileChange): string =>
  from === undefined ? oneLine(path) : `${oneLine(from)} → ${oneLine(path)}`

const sizeOf = ({ status, added, removed }: FileChange, paint: Paint): string => {
  if (added === null || removed === null) return "not text"
  if (status === "mode_changed") return "mode"
  return `${paint("green", `+${added}`)} ${paint("red", `-${removed}`)}`
}
