/** Where a file's diff has changes, and the lines that it shows. Pure; of what `@pierre/diffs` has parsed. */
import type { FileDiffMetadata } from "@pierre/diffs"
import type { LineRange } from "./comments.ts"

type Lines = Pick<LineRange, "side" | "from" | "to">

/** The lines of each change, in order: those that came, or where there are none those that went. */
export const changeBlocks = ({ hunks }: Pick<FileDiffMetadata, "hunks">): readonly Lines[] =>
  hunks.flatMap((hunk) =>
    hunk.hunkContent.flatMap((part): Lines[] => {
      if (part.type === "context") return []
      const came = part.additions > 0
      const from = came
        ? hunk.additionStart + part.additionLineIndex - hunk.additionLineIndex
        : hunk.deletionStart + part.deletionLineIndex - hunk.deletionLineIndex
      return [{ side: came ? "new" : "old", from, to: from + (came ? part.additions : part.deletions) - 1 }]
    }),
  )

/** What is on those lines, without their ends; lines that the diff does not show are left out. */
export function linesAt(
  {
    hunks,
    additionLines,
    deletionLines,
  }: Pick<FileDiffMetadata, "hunks" | "additionLines" | "deletionLines">,
  { side, from, to }: Lines,
): readonly string[] {
  const shown = hunks.flatMap((hunk) => {
    const [start, index, count, lines] =
      side === "new"
        ? ([hunk.additionStart, hunk.additionLineIndex, hunk.additionCount, additionLines] as const)
        : ([hunk.deletionStart, hunk.deletionLineIndex, hunk.deletionCount, deletionLines] as const)
    return lines.slice(index, index + count).map((text, at) => ({ line: start + at, text }))
  })
  return shown.filter(({ line }) => line >= from && line <= to).map(({ text }) => text.replace(/\r?\n$/, ""))
}
