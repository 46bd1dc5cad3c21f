/** Which runs are under way, how far they are, and which of them will not go on by themselves. */
import { z } from "zod"
import type { RunEntry } from "#streams/workflow/registry"
import { RUN_STATUSES } from "#streams/workflow/run"
import { maySeeRun } from "./caller.ts"
import { asksPerson } from "./run-told.ts"
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
    stuck: z.array(z.object({ runId: z.string(), stepId: z.string().nullable(), why: z.string() })),
  }),
  async run({ limit }, call) {
    const entries = await visible(call)
    const active = entries
      .filter(({ status }) => status === "pending" || status === "running")
      .slice(0, limit)
    const halted = entries.filter(({ status }) => status === "failed" || status === "paused").slice(0, limit)
    const looked = await Promise.all(active.slice(0, MOST_READ).map((entry) => stuckIn(call, entry)))
    return { active: active.map(entryTold), stuck: [...looked.flat(), ...halted.map(haltedTold)] }
  },
})

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

const haltedTold = ({ runId, status, progress }: RunEntry) => ({
  runId,
  stepId: null,
  why: status === "paused" ? "It is paused." : (progress?.error ?? "It failed."),
})

async function stuckIn({ plane }: Call, { runId }: RunEntry) {
  const { run } = await plane.workflows.status(runId)
  return [...run.steps.values()].flatMap((step) => {
    const { stepId, waitingFor, stalledSince } = step
    if (asksPerson({ steps: new Map([[stepId, step]]) }))
      return [{ runId, stepId, why: `It waits for a person: ${waitingFor?.type}.` }]
    return stalledSince === null ? [] : [{ runId, stepId, why: `It is silent since ${stalledSince}.` }]
  })
}
