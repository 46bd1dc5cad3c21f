/** A run of a workflow as the tabs see it: opened from a fold and an offset, then followed with the same fold. */
import type { CommandId, RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { parseRunEvent, type RunEvent } from "#streams/workflow/event"
import { graphOf } from "#streams/workflow/graph"
import type { Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { flushSoon } from "./flush-soon.ts"
import type { LiveStreams } from "./live-streams.ts"
import type { Connection, FromEngine, RunPlan } from "./protocol.ts"
import { refusalOf } from "./refusal.ts"
import { openRunApi } from "./run-api.ts"
import { diffSteps, type Steps } from "./run-patches.ts"
import { openTail } from "./tail.ts"
import { type Tab, watchersOf } from "./watchers.ts"

export interface WatchedRun {
  retry(): void
  greet(tab: Tab): void
  leave(tab: Tab): void
}

interface Options {
  readonly runId: RunId
  readonly origin: string
  readonly live: LiveStreams
  /** Nobody has watched it for a while. */
  readonly onClosed: () => void
}

const FLUSH_MS = 50

export function watchRun({ runId, origin, live, onClosed }: Options): WatchedRun {
  const api = openRunApi(origin)
  const watchers = watchersOf(() => {
    tail.close()
    onClosed()
  })
  let run: Run | null = null
  let title = ""
  let sent: Steps = new Map()
  let connection: Connection = { state: "connecting" }

  const message = (state: Run, { from, reset }: { from: Steps; reset: boolean }): FromEngine => {
    const { steps, taken: _, definition, ...rest } = state
    const header = { ...rest, title }
    return {
      type: "run",
      runId,
      header,
      plan: reset ? planOf(definition) : null,
      steps: diffSteps(from, steps),
      reset,
    }
  }
  const flush = flushSoon(() => {
    if (run === null) return
    watchers.post(message(run, { from: sent, reset: false }))
    sent = run.steps
  }, FLUSH_MS)
  const say = (next: Connection) => {
    connection = next
    watchers.post({ type: "run-connection", runId, connection })
  }
  const open = async (): Promise<string | null> => {
    try {
      const view = await api.status(runId)
      const { steps, taken, ...rest } = view.run
      run = {
        ...rest,
        steps: new Map(steps.map((step) => [step.stepId, step])),
        taken: new Set(taken as readonly CommandId[]),
      }
      title = view.title
      sent = run.steps
      watchers.post(message(run, { from: new Map(), reset: true }))
      return view.offset
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.kind === "away" || refusal.kind === "signed-out") throw refusal
      say({ state: "unknown", message: refusal.message })
      return null
    }
  }
  const tail = openTail({
    stream: () => paths.runEvents(runId),
    live,
    now: Date.now,
    open,
    take: ({ items }) => {
      const events = items.map(parseRunEvent).filter((event): event is RunEvent => event !== null)
      if (run === null || events.length === 0) return
      const before = run
      run = foldRun(run, events)
      if (run !== before) flush()
    },
    progress: () => ({ behind: 0, seq: null }),
    onConnection: say,
  })

  return {
    retry: tail.retry,
    greet: (tab) => {
      watchers.add(tab)
      if (run !== null) {
        flush.now()
        tab.post(message(run, { from: new Map(), reset: true }))
      }
      tab.post({ type: "run-connection", runId, connection })
    },
    leave: watchers.leave,
  }
}

/** What does not change while it runs. */
const planOf = (definition: Run["definition"]): RunPlan | null =>
  definition && {
    definition,
    edges: [...graphOf(definition).needs].flatMap(([to, needed]) =>
      [...needed].map((from) => [from, to] as const),
    ),
  }
