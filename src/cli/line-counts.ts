import type { ToolContent } from "#streams/event"

/** What an edit changed, in a few letters per file: `src/a.ts +3 -1`. Counts the lines between what stayed. */
export function changesOf(content: readonly ToolContent[]): readonly string[] {
  return content.flatMap((part) => {
    if (part.type !== "diff") return []
    const { added, removed } = lineCounts(part.oldText ?? "", part.newText)
    return [`${part.path} +${added} -${removed}${part.oldText === null ? " (new)" : ""}`]
  })
}

function lineCounts(oldText: string, newText: string): { added: number; removed: number } {
  const before = linesOf(oldText)
  const after = linesOf(newText)
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let end = 0
  while (end < shorter - head && before.at(-1 - end) === after.at(-1 - end)) end++
  return { added: after.length - head - end, removed: before.length - head - end }
}

const linesOf = (text: string) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"))
