/** A list of rows as the tabs see it: read from the start of its stream, then followed. */
import { flushSoon } from "./flush-soon.ts"
import type { LiveStreams } from "./live-streams.ts"
import type { Connection, ListPatch } from "./protocol.ts"
import { openTail } from "./tail.ts"
import type { Tab } from "./watchers.ts"

interface Options<Id, Row> {
  readonly stream: string
  readonly live: LiveStreams
  readonly fold: (rows: ReadonlyMap<Id, Row>, items: readonly unknown[]) => ReadonlyMap<Id, Row>
  readonly idOf: (row: Row) => Id
  readonly tabs: ReadonlySet<Tab>
  readonly tell: (tab: Tab, patch: ListPatch<Id, Row>) => void
  readonly tellConnection: (tab: Tab, connection: Connection) => void
}

interface WatchedList<Id, Row> {
  retry(): void
  get(id: Id): Row | undefined
  greet(tab: Tab): void
}

// Nobody reads a list that changes more often.
const LIST_FLUSH_MS = 200

export function watchList<Id, Row>(options: Options<Id, Row>): WatchedList<Id, Row> {
  const { stream, live, fold, idOf, tabs, tell, tellConnection } = options
  let rows: ReadonlyMap<Id, Row> = new Map()
  let sent = rows
  let loaded = false
  /** As of the last telling. A tab that comes before the next one would else hear that all is there, and of nothing. */
  let toldLoaded = loaded
  let connection: Connection = { state: "connecting" }
  const flush = flushSoon(() => {
    const entries = [...rows.values()].filter((row) => sent.get(idOf(row)) !== row)
    const removed = [...sent.keys()].filter((id) => !rows.has(id))
    sent = rows
    toldLoaded = loaded
    for (const tab of tabs) tell(tab, { reset: false, entries, removed, loaded })
  }, LIST_FLUSH_MS)
  const tail = openTail({
    stream: () => stream,
    live,
    now: Date.now,
    open: () => Promise.resolve("-1"),
    take: ({ items, upToDate }) => {
      const before = rows
      if (items.length > 0) rows = fold(rows, items)
      const first = upToDate && !loaded
      loaded ||= upToDate
      if (rows !== before || first) flush()
    },
    progress: () => ({ behind: 0, seq: null }),
    onConnection: (next) => {
      connection = next
      for (const tab of tabs) tellConnection(tab, connection)
    },
  })
  return {
    retry: tail.retry,
    get: (id) => rows.get(id),
    greet: (tab) => {
      tell(tab, { reset: true, entries: [...sent.values()], removed: [], loaded: toldLoaded })
      tellConnection(tab, connection)
    },
  }
}
