/** The tabs that look at one thing. It is let go of a while after the last one left. */
import type { FromEngine } from "./protocol.ts"

export interface Tab {
  readonly post: (message: FromEngine) => void
}

export interface Watchers {
  add(tab: Tab): void
  leave(tab: Tab): void
  post(message: FromEngine): void
}

// Going back to what was just left costs nothing.
const KEEP_MS = 30_000

export function watchersOf(onNobody: () => void): Watchers {
  const watchers = new Set<Tab>()
  let closing: ReturnType<typeof setTimeout> | undefined
  return {
    add: (tab) => {
      clearTimeout(closing)
      watchers.add(tab)
    },
    leave: (tab) => {
      watchers.delete(tab)
      if (watchers.size > 0) return
      clearTimeout(closing)
      closing = setTimeout(onNobody, KEEP_MS)
    },
    post: (message) => {
      for (const tab of watchers) tab.post(message)
    },
  }
}
