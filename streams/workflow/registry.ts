/**
 * The lists of runs and of workflows: State Protocol rows in two streams. A list never opens the log of a run, and
 * is no truth about it: whoever must be sure reads the log.
 */
import { type ChangeEvent, createStateSchema } from "@durable-streams/state"
import { z } from "zod"
import { RunId, ScheduleId, WebhookId } from "../ids.ts"
import { Inputs, WorkflowDefinition, WorkflowName } from "./definition.ts"
import { StartedBy } from "./event.ts"
import { RUN_STATUSES } from "./run.ts"
import { StepId } from "./step-id.ts"

/** Identity of a run. Written by whoever started it. */
export const RunRow = z.object({
  runId: RunId,
  workflow: WorkflowName,
  title: z.string(),
  workingDir: z.string(),
  startedBy: StartedBy,
  parent: z.object({ runId: RunId, stepId: StepId }).optional(),
  forkedFrom: RunId.optional(),
  createdAt: z.string(),
})
export type RunRow = z.infer<typeof RunRow>

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
  /** When something is due next; `null`: when something happens. */
  wakeAt: z.string().nullable(),
  costUsd: z.number(),
  tokens: z.number(),
  error: z.string().nullable(),
  updatedAt: z.string(),
  /** Offset of the inbox up to which its commands were taken. */
  inboxOffset: z.string(),
})
export type ProgressRow = z.infer<typeof ProgressRow>

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
  runId: RunId.nullable(),
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
/** Both rows of a run that is to be forgotten. */
export const runRowRemovals = (runId: RunId): ChangeEvent[] => [
  runsSchema.runs.delete({ key: runId }) as ChangeEvent,
  runsSchema.progress.delete({ key: runId }) as ChangeEvent,
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
