/**
 * Owns the live tails of a browser: one for each list, one for each session and run that some tab watches. It folds
 * them with the same reducers as the server and sends each tab what changed. Runs in a shared worker, or in the
 * tab itself where there is none.
 */
import { RunId, SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { foldRegistry, type RegistryEntry } from "#streams/registry"
import { foldRuns, type RunEntry } from "#streams/workflow/registry"
import { openApi } from "./api.ts"
import { openLiveStreams } from "./live-streams.ts"
import type { Connection, FromEngine, ToEngine } from "./protocol.ts"
import { watchList } from "./watch-list.ts"
import type { WatchedRun } from "./watch-run.ts"
import { type WatchedSession, watchSession } from "./watch-session.ts"
import type { Tab } from "./watchers.ts"

interface Engine {
  /** A tab arrives. What it returns takes the tab's messages. */
  connect(post: (message: FromEngine) => void): (message: ToEngine) => void
}

export function openEngine(origin: string): Engine {
  const tabs = new Set<Tab>()
  const api = openApi(origin)
  const live = openLiveStreams({ origin })
  const sessions = new Map<SessionId, WatchedSession>()
  const runs = new Map<RunId, Promise<WatchedRun>>()
  const sessionRows = watchList<SessionId, RegistryEntry>({
    stream: paths.registry,
    live,
    fold: foldRegistry,
    idOf: ({ sessionId }) => sessionId,
    tabs,
    tell: (tab, patch) => tab.post({ type: "registry", ...patch }),
    tellConnection: (tab, connection) => tab.post({ type: "registry-connection", connection }),
  })
  const runRows = watchList<RunId, RunEntry>({
    stream: paths.runs,
    live,
    fold: foldRuns,
    idOf: ({ runId }) => runId,
    tabs,
    tell: (tab, patch) => tab.post({ type: "runs", ...patch }),
    // Both come over one connection, and the other list tells how that is.
    tellConnection: () => undefined,
  })
  const registry = {
    /** Where what happened in it is told: its events, or its archive. */
    streamOf: (id: SessionId) => sessionRows.get(id)?.archive?.stream ?? paths.events(id),
    seqOf: (id: SessionId) => sessionRows.get(id)?.activity?.seq ?? -1,
  }

  function watched(sessionId: SessionId): WatchedSession {
    const known = sessions.get(sessionId)
    if (known) return known
    const onClosed = () => sessions.delete(sessionId)
    const opened = watchSession({ sessionId, api, live, registry, onClosed })
    sessions.set(sessionId, opened)
    return opened
  }

  /** What reads a run is loaded with the first one that somebody looks at. */
  function watchedRun(runId: RunId): Promise<WatchedRun> {
    const known = runs.get(runId)
    if (known) return known
    const onClosed = () => runs.delete(runId)
    const opened = import("./watch-run.ts").then(({ watchRun }) =>
      watchRun({ runId, origin, live, onClosed }),
    )
    runs.set(runId, opened)
    return opened
  }

  const retryAll = () => {
    sessionRows.retry()
    runRows.retry()
    for (const run of runs.values())
      void run.then(
        ({ retry }) => retry(),
        () => undefined,
      )
    for (const { tail } of sessions.values()) tail.retry()
  }

  const connect = (post: (message: FromEngine) => void) => {
    const tab: Tab = { post }
    const watches = new Set<SessionId>()
    const watchedRuns = new Set<RunId>()
    const leaveRun = (id: RunId) =>
      void runs.get(id)?.then(
        ({ leave }) => leave(tab),
        () => undefined,
      )
    const leave = () => {
      tabs.delete(tab)
      for (const id of watches) sessions.get(id)?.leave(tab)
      for (const id of watchedRuns) leaveRun(id)
      watches.clear()
      watchedRuns.clear()
    }
    return (message: ToEngine) => {
      switch (message.type) {
        case "hello":
          tabs.add(tab)
          sessionRows.greet(tab)
          runRows.greet(tab)
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
          watches.add(id.data)
          watched(id.data).greet(tab)
          return
        }
        case "unwatch":
          watches.delete(message.sessionId)
          sessions.get(message.sessionId)?.leave(tab)
          return
        case "watch-run": {
          const id = RunId.safeParse(message.runId)
          if (!id.success) {
            const connection: Connection = { state: "unknown", message: "That is not the id of a run." }
            post({ type: "run-connection", runId: message.runId, connection })
            return
          }
          watchedRuns.add(id.data)
          const connection: Connection = { state: "reconnecting", retryAt: Date.now(), seq: null }
          void watchedRun(id.data).then(
            ({ greet }) => greet(tab),
            () => {
              // What reads a run could not be loaded: whoever comes next tries anew.
              runs.delete(id.data)
              post({ type: "run-connection", runId: id.data, connection })
            },
          )
          return
        }
        case "unwatch-run":
          watchedRuns.delete(message.runId)
          leaveRun(message.runId)
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
