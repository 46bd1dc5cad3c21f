/** A session as the tabs see it: opened from a fold and an offset, then followed; older items as they are asked for. */
import { parseEvent, type SessionEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import type { Item, Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import type { AgentApi } from "./api.ts"
import { flushSoon } from "./flush-soon.ts"
import type { LiveStreams } from "./live-streams.ts"
import { diffItems, type ItemsPatch, noPatch } from "./patches.ts"
import type { Connection, FromEngine, SessionHeader } from "./protocol.ts"
import { refusalOf } from "./refusal.ts"
import { openTail, type Tail } from "./tail.ts"
import { type Tab, watchersOf } from "./watchers.ts"

// What comes first is sent at once, what follows it once per frame.
const FLUSH_MS = 16
const PAGE = 200
// Somebody follows a link into the past and waits for it.
const REACH_PAGE = 2_000

/** One session that tabs watch: opened from its fold, then followed. */
export interface WatchedSession {
  readonly tail: Tail
  greet(tab: Tab): void
  older(): void
  reach(seq: number): void
  leave(tab: Tab): void
}

interface Options {
  readonly sessionId: SessionId
  readonly api: AgentApi
  readonly live: LiveStreams
  readonly registry: {
    /** Where what happened in it is told: its events, or its archive. */
    streamOf(id: SessionId): string
    /** Of its newest event, as far as its row says. */
    seqOf(id: SessionId): number
  }
  /** Nobody has watched it for a while. */
  readonly onClosed: () => void
}

export function watchSession({ sessionId, api, live, registry, onClosed }: Options): WatchedSession {
  const watchers = watchersOf(() => {
    tail.close()
    onClosed()
  })
  let session: Session | null = null
  let title = ""
  let hasMore = false
  let sentItems: readonly Item[] = []
  let paging = false
  let connection: Connection = { state: "connecting" }

  const { post } = watchers
  const message = (state: Session, items: ItemsPatch, reset: boolean): FromEngine => {
    const { items: _, taken: __, ...rest } = state
    const header: SessionHeader = { ...rest, title }
    return { type: "session", sessionId, reset, header, items, hasMore }
  }
  const flush = flushSoon(() => {
    if (!session) return
    const items = diffItems(sentItems, session.items)
    sentItems = session.items
    post(message(session, items, false))
  }, FLUSH_MS)

  const open = async (): Promise<string | null> => {
    try {
      const view = await api.getSession({ sessionId, tail: PAGE })
      title = view.session.title
      hasMore = view.hasMore
      session = { ...view.session, items: view.items }
      sentItems = session.items
      post(message(session, { ...noPatch, put: sentItems }, true))
      return view.offset
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.kind === "away" || refusal.kind === "signed-out") throw refusal
      say({ state: "unknown", message: refusal.message })
      return null
    }
  }
  const say = (next: Connection) => {
    connection = next
    post({ type: "session-connection", sessionId, connection })
  }
  const tail = openTail({
    stream: () => registry.streamOf(sessionId),
    live,
    now: Date.now,
    open,
    take: ({ items }) => {
      const events = items.map(parseEvent).filter((event): event is SessionEvent => event !== null)
      if (!session || events.length === 0) return
      const before = session
      session = foldSession(session, events)
      if (session !== before) flush()
    },
    progress: () => ({
      behind: Math.max(0, registry.seqOf(sessionId) - (session?.seq ?? -1)),
      seq: session?.seq ?? null,
    }),
    onConnection: say,
  })

  /** Whether older items came. */
  const older = async (count = PAGE): Promise<boolean> => {
    if (!session || !hasMore || paging) return false
    paging = true
    try {
      const page = await api.getSession({ sessionId, tail: count, before: firstSeqOf(session.items) })
      const known = new Set(session.items.map(({ key }) => key))
      const before = page.items.filter(({ key }) => !known.has(key))
      flush.now()
      session = { ...session, items: [...before, ...session.items] }
      sentItems = session.items
      hasMore = page.hasMore && before.length > 0
      post(message(session, { ...noPatch, before }, false))
      return before.length > 0
    } catch {
      // The tab asks again when it is scrolled; the tail says when the server is away.
      return false
    } finally {
      paging = false
    }
  }
  const reach = async (seq: number) => {
    while (session && firstSeqOf(session.items) > seq && (await older(REACH_PAGE)));
  }

  return {
    tail,
    greet: (tab) => {
      watchers.add(tab)
      if (session) {
        flush.now()
        tab.post(message(session, { ...noPatch, put: session.items }, true))
      }
      tab.post({ type: "session-connection", sessionId, connection })
    },
    older: () => void older(),
    reach: (seq) => void reach(seq),
    leave: watchers.leave,
  }
}

/** Everything before these items has a lower `seq` than this: only a queued message is moved, and only down. */
const firstSeqOf = (items: readonly Item[]): number =>
  items.find(({ type }) => type !== "user")?.seq ?? Math.max(...items.map(({ seq }) => seq)) + 1
