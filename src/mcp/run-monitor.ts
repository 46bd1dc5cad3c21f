/** Which runs are under way, how far they are, and which of them will not go on by themselves. */
import { z } from "zod"
import type { RunEntry } from "#streams/workflow/registry"
import { RUN_STATUSES, type StepState } from "#streams/workflow/run"
import { progressOf } from "../workflows/worker/progress.ts"
import { maySeeRun } from "./caller.ts"
import { asksPerson, isOver } from "./run-told.ts"
import { type Call, defineTool } from "./tool.ts"

/** Logs that are read for one look; the list tells of the rest. */
const MOST_READ = 20

const Entry = z.object({
  runId: z.string(),
  workflow: z.string(),
  title: z.string(),
  status: z.enum(RUN_STATUSES),
  steps: z
    .object({ total: z.number(), ended: z.number(), running: z.number(), failed: z.number() })
    .nullable()
    .describe("null before a worker has begun"),
  costUsd: z.number(),
  updatedAt: z.string(),
})

const Stuck = z.object({ runId: z.string(), stepId: z.string().nullable(), why: z.string() })
type Stuck = z.infer<typeof Stuck>

export const monitor = defineTool({
  name: "workflow_monitor",
  title: "See which runs are under way",
  description:
    "Lists the runs that are under way with how far they are, and those that are stuck: they failed, are paused, wait for a person, or " +
    "have a step that is silent. invoke_status tells more of one, invoke_resume gets one going again.",
  area: "workflows",
  writes: false,
  input: z.strictObject({ limit: z.number().int().min(1).max(200).default(50) }),
  output: z.object({
    active: z.array(Entry),
    stuck: z.array(Stuck),
  }),
  async run({ limit }, call) {
    const open = (await visible(call)).filter(({ status }) => !isFinal(status))
    const underWayFirst = [...open.filter((entry) => !isOver(entry)), ...open.filter(isOver)]
    const entries = underWayFirst.slice(0, limit)
    const looked = await Promise.all(entries.slice(0, MOST_READ).map((entry) => readNow(call, entry)))
    const seen = [
      ...looked,
      ...entries.slice(MOST_READ).map((entry) => ({ entry, stuck: haltedTold(entry) })),
    ]
    return {
      active: seen.flatMap(({ entry }) => (isOver(entry) ? [] : [entryTold(entry)])),
      stuck: seen.flatMap(({ stuck }) => stuck),
    }
  },
})

const isFinal = (status: RunEntry["status"]): boolean => status === "completed" || status === "cancelled"

/** Newest first. */
async function visible({ plane, caller }: Call): Promise<readonly RunEntry[]> {
  const found: RunEntry[] = []
  let cursor: string | undefined
  do {
    const page = await plane.workflows.list({ limit: 1000, cursor })
    found.push(...page.runs.filter((entry) => maySeeRun(caller, entry)))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

const entryTold = ({ runId, workflow, title, status, progress, createdAt }: RunEntry) => ({
  ...{ runId, workflow, title, status },
  steps: progress?.steps ?? null,
  costUsd: progress?.costUsd ?? 0,
  updatedAt: progress?.updatedAt ?? createdAt,
})

const haltedTold = ({ runId, status, progress }: RunEntry): readonly Stuck[] => {
  if (status === "paused") return [{ runId, stepId: null, why: "It is paused." }]
  return status === "failed" ? [{ runId, stepId: null, why: progress?.error ?? "It failed." }] : []
}

/** The list follows a run's log some seconds later; its log is the truth. */
async function readNow(
  { plane }: Call,
  entry: RunEntry,
): Promise<{ readonly entry: RunEntry; readonly stuck: readonly Stuck[] }> {
  const { run } = await plane.workflows.status(entry.runId)
  const progress = progressOf(run, { wakeAt: null, inboxOffset: "" })
  const now = { ...entry, status: run.status, progress }
  if (isOver(now)) return { entry: now, stuck: haltedTold(now) }
  return { entry: now, stuck: [...run.steps.values()].flatMap((step) => stuckStep(entry.runId, step)) }
}

function stuckStep(runId: RunEntry["runId"], step: StepState): readonly Stuck[] {
  const { stepId, waitingFor, stalledSince } = step
  if (asksPerson({ steps: new Map([[stepId, step]]) }))
    return [{ runId, stepId, why: `It waits for a person: ${waitingFor?.type}.` }]
  return stalledSince === null ? [] : [{ runId, stepId, why: `It is silent since ${stalledSince}.` }]
}
