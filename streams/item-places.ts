/**
 * Finds items by key while events are folded. What an event touches is nearly always at the end of the list. A key
 * that is new is nowhere, and to see that takes a look at every item: a long replay makes an index for it, a few
 * live events are not worth one.
 */
import type { Item } from "./session.ts"

export interface Places {
  readonly byKey: Map<string, number>
  /** How many items of the list are in the index. */
  indexed: number
  /** How often the whole list was looked through in vain. */
  misses: number
}

export const noPlaces = (): Places => ({ byKey: new Map(), indexed: 0, misses: 0 })

const NEAR = 32
const MISSES = 3

interface Placed {
  readonly items: readonly Item[]
  readonly places: Places
}

/** The index of the item with that key, or -1. */
export function placeOf({ items, places }: Placed, key: string): number {
  const near = Math.max(0, items.length - NEAR)
  for (let index = items.length - 1; index >= near; index--) if (items[index]?.key === key) return index
  if (near === 0) return -1
  if (places.misses < MISSES) {
    const index = items.findLastIndex((item) => item.key === key)
    if (index < 0) places.misses += 1
    return index
  }
  for (; places.indexed < items.length; places.indexed++) {
    const item = items[places.indexed]
    if (item) places.byKey.set(item.key, places.indexed)
  }
  return places.byKey.get(key) ?? -1
}

/** Must be told before an item is taken out of the list; others may be put at its end without a word. */
export function forgetFrom({ items, places }: Placed, index: number): void {
  for (const { key } of items.slice(index, places.indexed)) places.byKey.delete(key)
  places.indexed = Math.min(places.indexed, index)
}
