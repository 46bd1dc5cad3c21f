/**
 * Owns the live tails of a browser: one for the registry, one for each session that some tab watches. It folds
 * them with the same reducers as the server and sends each tab what changed. Runs in a shared worker, or in the
 * tab itself where there is none.
 */
import { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptyRegistry, foldRegistry, type Registry } from "#streams/registry"
import { openApi } from "./api.ts"
import { flushSoon } from "./flush-soon.ts"
import { openLiveStreams } from "./live-streams.ts"
import type { Connection, FromEngine, ToEngine } from "./protocol.ts"
import { openTail } from "./tail.ts"
import { type Tab, type WatchedSession, watchSession } from "./watch-session.ts"

interface Engine {
  /** A tab arrives. What it returns takes the tab's messages. */
  connect(post: (message: FromEngine) => void): (message: ToEngine) => void
}

// Nobody reads a list that changes more often.
const LIST_FLUSH_MS = 200

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

  function watched(sessionId: SessionId): WatchedSession {
    const known = sessions.get(sessionId)
    if (known) return known
    const onClosed = () => sessions.delete(sessionId)
    const opened = watchSession({ sessionId, api, live, registry, onClosed })
    sessions.set(sessionId, opened)
    return opened
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
          watched(id.data).greet(tab)
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
