/**
 * Owns the live tails of a browser: one for the registry, one for each session that some tab watches. It folds
 * them with the same reducers as the server and sends each tab what changed. Runs in a shared worker, or in the
 * tab itself where there is none.
 */
import { parseEvent, type SessionEvent } from "#streams/event"
import { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptyRegistry, foldRegistry, type Registry } from "#streams/registry"
import type { Item, Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { openApi } from "./api.ts"
import { openLiveStreams } from "./live-streams.ts"
import { diffItems, type ItemsPatch, noPatch } from "./patches.ts"
import type { Connection, FromEngine, SessionHeader, ToEngine } from "./protocol.ts"
import { refusalOf } from "./refusal.ts"
import { openTail, type Tail } from "./tail.ts"

interface Engine {
  /** A tab arrives. What it returns takes the tab's messages. */
  connect(post: (message: FromEngine) => void): (message: ToEngine) => void
}

interface Tab {
  readonly post: (message: FromEngine) => void
  readonly watches: Set<SessionId>
}

// What comes first is sent at once, what follows it at most this often: a text that grows, and the list of sessions.
const FLUSH_MS = 50
const LIST_FLUSH_MS = 200
// Going back to a session that was just left costs nothing.
const KEEP_MS = 30_000
const PAGE = 200
// Somebody follows a link into the past and waits for it.
const REACH_PAGE = 2_000

export function openEngine(origin: string): Engine {
  const tabs = new Set<Tab>()
  const api = openApi(origin)
  const live = openLiveStreams({ origin })
  const sessions = new Map<SessionId, WatchedSession>()
  const registry = watchRegistry()

  function watchRegistry() {
    let rows: Registry = emptyRegistry
    let sent: Registry = emptyRegistry
    let loaded = false
    let connection: Connection = { state: "connecting" }
    const flush = flushSoon(() => {
      const entries = [...rows.values()].filter((entry) => sent.get(entry.sessionId) !== entry)
      const removed = [...sent.keys()].filter((id) => !rows.has(id))
      sent = rows
      for (const tab of tabs) tab.post({ type: "registry", reset: false, entries, removed, loaded })
    }, LIST_FLUSH_MS)
    const tail = openTail({
      stream: () => paths.registry,
      live,
      now: Date.now,
      open: () => Promise.resolve("-1"),
      take: ({ items, upToDate }) => {
        const before = rows
        rows = foldRegistry(rows, items)
        const first = upToDate && !loaded
        loaded ||= upToDate
        if (rows !== before || first) flush()
      },
      progress: () => ({ behind: 0, seq: null }),
      onConnection: (next) => {
        connection = next
        for (const tab of tabs) tab.post({ type: "registry-connection", connection })
      },
    })
    return {
      retry: tail.retry,
      /** Where what happened in it is told: its events, or its archive. */
      streamOf: (id: SessionId) => rows.get(id)?.archive?.stream ?? paths.events(id),
      seqOf: (id: SessionId) => rows.get(id)?.activity?.seq ?? -1,
      greet: (tab: Tab) => {
        tab.post({ type: "registry", reset: true, entries: [...sent.values()], removed: [], loaded })
        tab.post({ type: "registry-connection", connection })
      },
    }
  }

  interface WatchedSession {
    readonly watchers: Set<Tab>
    readonly tail: Tail
    greet(tab: Tab): void
    older(): void
    reach(seq: number): void
    leave(tab: Tab): void
  }

  function watchSession(sessionId: SessionId): WatchedSession {
    const watchers = new Set<Tab>()
    let session: Session | null = null
    let title = ""
    let hasMore = false
    let sentItems: readonly Item[] = []
    let paging = false
    let connection: Connection = { state: "connecting" }
    let closing: ReturnType<typeof setTimeout> | undefined

    const post = (message: FromEngine) => {
      for (const tab of watchers) tab.post(message)
    }
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
      watchers,
      tail,
      greet: (tab) => {
        clearTimeout(closing)
        watchers.add(tab)
        if (session) {
          flush.now()
          tab.post(message(session, { ...noPatch, put: session.items }, true))
        }
        tab.post({ type: "session-connection", sessionId, connection })
      },
      older: () => void older(),
      reach: (seq) => void reach(seq),
      leave: (tab) => {
        watchers.delete(tab)
        if (watchers.size > 0) return
        clearTimeout(closing)
        closing = setTimeout(() => {
          tail.close()
          sessions.delete(sessionId)
        }, KEEP_MS)
      },
    }
  }

  const retryAll = () => {
    registry.retry()
    for (const { tail } of sessions.values()) tail.retry()
  }

  const connect = (post: (message: FromEngine) => void) => {
    const tab: Tab = { post, watches: new Set() }
    const leave = () => {
      tabs.delete(tab)
      for (const id of tab.watches) sessions.get(id)?.leave(tab)
      tab.watches.clear()
    }
    return (message: ToEngine) => {
      switch (message.type) {
        case "hello":
          tabs.add(tab)
          registry.greet(tab)
          // A tab that crashes says nothing, but the system takes its lock away.
          if (message.lock !== null) void navigator.locks?.request(message.lock, leave)
          return
        case "watch": {
          const id = SessionId.safeParse(message.sessionId)
          if (!id.success) {
            const connection: Connection = { state: "unknown", message: "That is not the id of a session." }
            post({ type: "session-connection", sessionId: message.sessionId, connection })
            return
          }
          tab.watches.add(id.data)
          const watched = sessions.get(id.data) ?? watchSession(id.data)
          sessions.set(id.data, watched)
          watched.greet(tab)
          return
        }
        case "unwatch":
          tab.watches.delete(message.sessionId)
          sessions.get(message.sessionId)?.leave(tab)
          return
        case "older":
          sessions.get(message.sessionId)?.older()
          return
        case "reach":
          sessions.get(message.sessionId)?.reach(message.seq)
          return
        case "retry":
          retryAll()
          return
        case "bye":
          leave()
          return
      }
    }
  }
  return { connect }
}

/** Everything before these items has a lower `seq` than this: only a queued message is moved, and only down. */
const firstSeqOf = (items: readonly Item[]): number =>
  items.find(({ type }) => type !== "user")?.seq ?? Math.max(...items.map(({ seq }) => seq)) + 1

/** Sends at once where nothing was sent for `everyMs`, else when that time is over. */
function flushSoon(send: () => void, everyMs: number): (() => void) & { now(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  const now = () => {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    sentAt = performance.now()
    send()
  }
  return Object.assign(
    () => {
      timer ??= setTimeout(now, Math.max(0, sentAt + everyMs - performance.now()))
    },
    { now },
  )
}
