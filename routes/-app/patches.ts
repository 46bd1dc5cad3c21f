/**
 * What changed between two states of a transcript, small enough to send for every few tokens. The fold keeps the
 * identity of untouched items, so comparing by reference finds the change.
 */
import type { Item } from "#streams/session"

export interface ItemsPatch {
  /** Older items, to put before all others. */
  readonly before: readonly Item[]
  /** The whole order, where it is not the old one with new items at its end. */
  readonly order: readonly string[] | null
  /** New and changed items, new ones in order. */
  readonly put: readonly Item[]
  /** Items whose text only grew. */
  readonly grow: readonly { readonly key: string; readonly text: string }[]
}

export const noPatch: ItemsPatch = { before: [], order: null, put: [], grow: [] }

/** The patch that {@link applyItems} needs to turn `from` into `to`. */
export function diffItems(from: readonly Item[], to: readonly Item[]): ItemsPatch {
  const inOrder = from.every((item, index) => to[index]?.key === item.key)
  const known = inOrder ? null : new Map(from.map((item) => [item.key, item]))
  const put: Item[] = []
  const grow: { key: string; text: string }[] = []
  to.forEach((item, index) => {
    const before = known ? known.get(item.key) : from[index]
    if (before === item) return
    const text = before && grownText(before, item)
    if (text) grow.push({ key: item.key, text })
    else put.push(item)
  })
  return { before: [], order: inOrder ? null : to.map(({ key }) => key), put, grow }
}

/** Applies a patch. Untouched items keep their identity; an empty patch gives back the same list. */
export function applyItems(items: readonly Item[], patch: ItemsPatch): readonly Item[] {
  const { before, order, put, grow } = patch
  if (before.length + put.length + grow.length === 0 && order === null) return items
  const next = [...before, ...items]
  // Changes are almost always near the end.
  const place = (key: string) => next.findLastIndex((item) => item.key === key)
  for (const { key, text } of grow) {
    const index = place(key)
    const item = next[index]
    if (item) next[index] = grown(item, text)
  }
  for (const item of put) {
    const index = place(item.key)
    if (index < 0) next.push(item)
    else next[index] = item
  }
  if (order === null) return next
  const byKey = new Map(next.map((item) => [item.key, item]))
  return order.flatMap((key) => byKey.get(key) ?? [])
}

/** What was added, where nothing but the text differs; else `null`. */
function grownText(before: Item, item: Item): string | null {
  const [old, now] = [textOf(before), textOf(item)]
  if (before.type !== item.type || old === null || now === null) return null
  if (now.length <= old.length || !now.startsWith(old)) return null
  for (const field of Object.keys(item))
    if (field !== "text" && field !== "output" && !sameField(before, item, field)) return null
  return now.slice(old.length)
}

const sameField = (before: Item, item: Item, field: string): boolean =>
  Reflect.get(before, field) === Reflect.get(item, field)

const textOf = (item: Item): string | null =>
  item.type === "message" || item.type === "thought" ? item.text : item.type === "tool" ? item.output : null

const grown = (item: Item, text: string): Item =>
  item.type === "message" || item.type === "thought"
    ? { ...item, text: item.text + text }
    : item.type === "tool"
      ? { ...item, output: item.output + text }
      : item
