/** Which rows a transcript has. Pure. */
import type { ToolKind } from "#streams/event"
import type { Item, ItemOf } from "#streams/session"

export type TranscriptPart =
  | { readonly type: "item"; readonly key: string; readonly item: Item }
  /** Calls of one kind in a row that only looked and went well: `Read 12 files`. */
  | {
      readonly type: "calls"
      readonly key: string
      readonly kind: ToolKind
      readonly items: readonly ItemOf<"tool">[]
    }

/** Kinds that change nothing: of many in a row the number is the news. */
const LOOKS: ReadonlySet<ToolKind> = new Set(["read", "search", "fetch"])
const FEWEST = 3

const mayGroup = (item: Item): item is ItemOf<"tool"> =>
  item.type === "tool" &&
  LOOKS.has(item.kind) &&
  item.status === "completed" &&
  !item.content.some(({ type }) => type === "diff")

export function transcriptParts(items: readonly Item[]): TranscriptPart[] {
  const parts: TranscriptPart[] = []
  for (let index = 0; index < items.length; ) {
    const first = items[index]
    if (first === undefined) break
    const run = mayGroup(first) ? runOf(items, index, first.kind) : []
    if (run.length >= FEWEST) {
      parts.push({ type: "calls", key: `${first.key} and on`, kind: run[0]?.kind ?? "other", items: run })
      index += run.length
    } else {
      parts.push({ type: "item", key: first.key, item: first })
      index += 1
    }
  }
  return parts
}

function runOf(items: readonly Item[], from: number, kind: ToolKind): ItemOf<"tool">[] {
  const run: ItemOf<"tool">[] = []
  for (let index = from; index < items.length; index++) {
    const item = items[index]
    if (!item || !mayGroup(item) || item.kind !== kind) break
    run.push(item)
  }
  return run
}
