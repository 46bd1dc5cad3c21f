/** What this tab knows of workflows, kept true by the engine's patches. */
import type { RunId } from "#streams/ids"
import type { RunEntry } from "#streams/workflow/registry"
import type { Connection, FromEngine, RunHeader, RunPlan } from "./protocol.ts"
import { applySteps, type Steps } from "./run-patches.ts"

export interface RunList {
  readonly entries: ReadonlyMap<RunId, RunEntry>
  /** Whether the list was read to its end once. */
  readonly loaded: boolean
}

export interface LiveRun {
  readonly header: RunHeader | null
  readonly plan: RunPlan | null
  readonly steps: Steps
  readonly connection: Connection
}

const nothing: LiveRun = {
  header: null,
  plan: null,
  steps: new Map(),
  connection: { state: "connecting" },
}

let list: RunList = { entries: new Map(), loaded: false }
const runs = new Map<RunId, LiveRun>()

export const runList = (): RunList => list
export const liveRun = (runId: RunId): LiveRun => runs.get(runId) ?? nothing
export const forgetRun = (runId: RunId): boolean => runs.delete(runId)

export function takeRuns(message: Extract<FromEngine, { type: "runs" | "run" | "run-connection" }>): void {
  switch (message.type) {
    case "runs": {
      const entries = new Map(message.reset ? [] : list.entries)
      for (const id of message.removed) entries.delete(id)
      for (const entry of message.entries) entries.set(entry.runId, entry)
      list = { entries, loaded: message.loaded }
      return
    }
    case "run": {
      const { runId, header, plan, reset } = message
      const known = liveRun(runId)
      const steps = applySteps(reset ? nothing.steps : known.steps, message.steps)
      runs.set(runId, { ...known, header, plan: plan ?? known.plan, steps })
      return
    }
    case "run-connection":
      runs.set(message.runId, { ...liveRun(message.runId), connection: message.connection })
      return
  }
}
