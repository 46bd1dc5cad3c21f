/**
 * The lists of runs and of workflows: State Protocol rows in two streams. A list never opens the log of a run, and
 * is no truth about it: whoever must be sure reads the log.
 */
import { type ChangeEvent, createStateSchema } from "@durable-streams/state"
import { z } from "zod"
import type { StreamChange } from "../changes.ts"
import { BlobRef } from "../event.ts"
import { RunId, ScheduleId, TokenId, WebhookId } from "../ids.ts"
import { paths } from "../paths.ts"
import { isRow } from "../registry.ts"
import { Inputs, WorkflowDefinition, WorkflowName } from "./definition.ts"
import { StartedBy } from "./event.ts"
import { RUN_STATUSES, type RunStatus } from "./run.ts"
import { StepId } from "./step-id.ts"

/** Identity of a run. Written by whoever started it. */
export const RunRow = z.object({
  runId: RunId,
  workflow: WorkflowName,
  title: z.string(),
  workingDir: z.string(),
  startedBy: StartedBy,
  /** The token of MCP that it was started with. */
  startedWith: TokenId.optional(),
  parent: z.object({ runId: RunId, stepId: StepId }).optional(),
  forkedFrom: RunId.optional(),
  createdAt: z.string(),
})
export type RunRow = z.infer<typeof RunRow>

/** The fold of a run up to `offset` of its log, for who reads it first. */
export const SnapshotRef = BlobRef.extend({ offset: z.string() })
export type SnapshotRef = z.infer<typeof SnapshotRef>

/** How the run stands, as its worker last knew. A lower epoch is not believed. */
export const ProgressRow = z.object({
  runId: RunId,
  epoch: z.number().int(),
  n: z.number().int(),
  status: z.enum(RUN_STATUSES),
  leaving: z.enum(["pausing", "interrupting", "cancelling"]).nullable(),
  /** Steps of the definition, items of maps not counted. */
  steps: z.object({
    total: z.number().int(),
    ended: z.number().int(),
    running: z.number().int(),
    failed: z.number().int(),
  }),
  /** Steps that wait for a person or a signal. */
  waiting: z.number().int(),
  /** Those of them whose session asks: it is in the list of sessions too. */
  waitingInSessions: z.number().int().optional(),
  /** When something is due next; `null`: when something happens. */
  wakeAt: z.string().nullable(),
  costUsd: z.number(),
  tokens: z.number(),
  error: z.string().nullable(),
  updatedAt: z.string(),
  /** Offset of the inbox up to which its commands were taken. */
  inboxOffset: z.string(),
  snapshot: SnapshotRef.optional(),
})
export type ProgressRow = z.infer<typeof ProgressRow>

/** Something was asked of the run: a worker whose progress is not there yet reads its inbox up to that place. */
export const AskedRow = z.object({ runId: RunId, offset: z.string() })
export type AskedRow = z.infer<typeof AskedRow>

/** A workflow that is known by its name. `source` is what was given, comments and all. */
export const WorkflowRow = z.object({
  name: WorkflowName,
  definition: WorkflowDefinition,
  source: z.string(),
  /** Of the definition: whether two are the same. */
  hash: z.string(),
  updatedAt: z.string(),
})
export type WorkflowRow = z.infer<typeof WorkflowRow>

/** Starts a run by itself. */
export const ScheduleRow = z.object({
  scheduleId: ScheduleId,
  workflow: WorkflowName,
  inputs: Inputs,
  workingDir: z.string(),
  when: z.discriminatedUnion("type", [
    z.object({ type: z.literal("cron"), cron: z.string(), timeZone: z.string() }),
    z.object({ type: z.literal("every"), everyMs: z.number().int().min(1000), from: z.string() }),
  ]),
  /** Whether a run is started while the one before it has not ended. */
  overlap: z.enum(["skip", "allow"]),
  enabled: z.boolean(),
  createdAt: z.string(),
})
export type ScheduleRow = z.infer<typeof ScheduleRow>

/** Up to when a schedule has started what was due. Each time due names its run, so a repeat starts nothing. */
export const FiringRow = z.object({
  scheduleId: ScheduleId,
  dueAt: z.string(),
  /** `null`: it started none, for the reason in `skipped`. */
  runId: RunId.nullable(),
  skipped: z.string().optional(),
})
export type FiringRow = z.infer<typeof FiringRow>

/** Starts a run for each request that knows its secret. The secret itself is not here. */
export const WebhookRow = z.object({
  webhookId: WebhookId,
  workflow: WorkflowName,
  inputs: Inputs,
  workingDir: z.string(),
  /** The input that gets the body. */
  bodyInput: z.string().optional(),
  secretHash: z.string(),
  enabled: z.boolean(),
  createdAt: z.string(),
})
export type WebhookRow = z.infer<typeof WebhookRow>

const runsSchema = createStateSchema({
  runs: { schema: RunRow, type: "run", primaryKey: "runId" },
  progress: { schema: ProgressRow, type: "progress", primaryKey: "runId" },
  asked: { schema: AskedRow, type: "asked", primaryKey: "runId" },
})
const workflowsSchema = createStateSchema({
  workflows: { schema: WorkflowRow, type: "workflow", primaryKey: "name" },
  schedules: { schema: ScheduleRow, type: "schedule", primaryKey: "scheduleId" },
  firings: { schema: FiringRow, type: "firing", primaryKey: "scheduleId" },
  webhooks: { schema: WebhookRow, type: "webhook", primaryKey: "webhookId" },
})

export const runRowChange = (value: RunRow): ChangeEvent =>
  runsSchema.runs.upsert({ key: value.runId, value }) as ChangeEvent
export const progressRowChange = (value: ProgressRow): ChangeEvent =>
  runsSchema.progress.upsert({ key: value.runId, value }) as ChangeEvent
export const askedRowChange = (value: AskedRow): ChangeEvent =>
  runsSchema.asked.upsert({ key: value.runId, value }) as ChangeEvent
/** Rows for the list of runs, as what is told together with something else. */
export const runsToldOf = (rows: readonly ChangeEvent[]): StreamChange => ({
  name: paths.runs,
  body: JSON.stringify(rows),
})
/** All rows of a run that is to be forgotten. */
export const runRowRemovals = (runId: RunId): ChangeEvent[] => [
  runsSchema.runs.delete({ key: runId }) as ChangeEvent,
  runsSchema.progress.delete({ key: runId }) as ChangeEvent,
  runsSchema.asked.delete({ key: runId }) as ChangeEvent,
]
export const workflowRowChange = (value: WorkflowRow): ChangeEvent =>
  workflowsSchema.workflows.upsert({ key: value.name, value }) as ChangeEvent
export const workflowRowRemoval = (name: string): ChangeEvent =>
  workflowsSchema.workflows.delete({ key: name }) as ChangeEvent
export const scheduleRowChange = (value: ScheduleRow): ChangeEvent =>
  workflowsSchema.schedules.upsert({ key: value.scheduleId, value }) as ChangeEvent
/** The schedule, and how far it has come. */
export const scheduleRowRemovals = (scheduleId: ScheduleId): ChangeEvent[] => [
  workflowsSchema.schedules.delete({ key: scheduleId }) as ChangeEvent,
  workflowsSchema.firings.delete({ key: scheduleId }) as ChangeEvent,
]
export const firingRowChange = (value: FiringRow): ChangeEvent =>
  workflowsSchema.firings.upsert({ key: value.scheduleId, value }) as ChangeEvent
export const webhookRowChange = (value: WebhookRow): ChangeEvent =>
  workflowsSchema.webhooks.upsert({ key: value.webhookId, value }) as ChangeEvent
export const webhookRowRemoval = (webhookId: WebhookId): ChangeEvent =>
  workflowsSchema.webhooks.delete({ key: webhookId }) as ChangeEvent

export interface RunEntry extends RunRow {
  readonly status: RunStatus
  /** `null` while no worker has told. */
  readonly progress: ProgressRow | null
  /** Offset of the inbox behind what was asked last; `null` where nothing was. */
  readonly asked: string | null
}

/** Runs by id, in the order in which they were made. */
export type Runs = ReadonlyMap<RunId, RunEntry>
export const emptyRuns: Runs = new Map()

/** Applies rows in order; the given list is not changed. A row that is not understood is none. */
export function foldRuns(runs: Runs, events: Iterable<unknown>): Runs {
  const next = new Map(runs)
  for (const event of events) {
    if (!isRow(event)) continue
    const { type, key, value, headers } = event
    if (type === "run" && headers.operation === "delete") next.delete(key as RunId)
    else if (type === "run") {
      const row = RunRow.safeParse(value)
      if (!row.success) continue
      const { status = "pending", progress = null, asked = null } = next.get(row.data.runId) ?? {}
      next.set(row.data.runId, { status, progress, asked, ...row.data })
    } else if (type === "progress" && headers.operation !== "delete") {
      const row = ProgressRow.safeParse(value)
      const known = row.success ? next.get(row.data.runId) : undefined
      if (row.success && known && isLater(row.data, known.progress))
        next.set(known.runId, { ...known, status: row.data.status, progress: row.data })
    } else if (type === "asked" && headers.operation !== "delete") {
      const row = AskedRow.safeParse(value)
      const known = row.success ? next.get(row.data.runId) : undefined
      if (row.success && known && (known.asked ?? "") < row.data.offset)
        next.set(known.runId, { ...known, asked: row.data.offset })
    }
  }
  return next
}

/** Whether something was asked of it that its worker has not taken. */
export const isAsked = ({ asked, progress }: Pick<RunEntry, "asked" | "progress">): boolean =>
  asked !== null && asked > (progress?.inboxOffset ?? "")

/** By the place in the log that it is true at. */
export const isLater = (row: ProgressRow, known: ProgressRow | null): boolean =>
  known === null || row.epoch > known.epoch || (row.epoch === known.epoch && row.n >= known.n)

/** The workflows that are known by name, and what starts them. */
export interface Workflows {
  readonly workflows: ReadonlyMap<string, WorkflowRow>
  readonly schedules: ReadonlyMap<string, ScheduleRow>
  readonly firings: ReadonlyMap<string, FiringRow>
  readonly webhooks: ReadonlyMap<string, WebhookRow>
}
export const emptyWorkflows: Workflows = {
  workflows: new Map(),
  schedules: new Map(),
  firings: new Map(),
  webhooks: new Map(),
}

/** Applies rows in order; the given lists are not changed. A row that is not understood is none. */
export function foldWorkflows(known: Workflows, events: Iterable<unknown>): Workflows {
  const next = {
    workflows: new Map(known.workflows),
    schedules: new Map(known.schedules),
    firings: new Map(known.firings),
    webhooks: new Map(known.webhooks),
  }
  for (const event of events) {
    if (!isRow(event)) continue
    if (event.type === "workflow") applyRow(next.workflows, WorkflowRow, event)
    else if (event.type === "schedule") applyRow(next.schedules, ScheduleRow, event)
    else if (event.type === "firing") applyRow(next.firings, FiringRow, event)
    else if (event.type === "webhook") applyRow(next.webhooks, WebhookRow, event)
  }
  return next
}

function applyRow<Row>(
  rows: Map<string, Row>,
  schema: z.ZodType<Row>,
  { key, value, headers }: ChangeEvent,
): void {
  if (headers.operation === "delete") rows.delete(key)
  else {
    const row = schema.safeParse(value)
    if (row.success) rows.set(key, row.data)
  }
}
