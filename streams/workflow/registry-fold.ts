/** The lists of runs and of workflows, read from their rows. */
import type { z } from "zod"
import type { RunId, ScheduleId, WebhookId } from "../ids.ts"
import { isRow } from "../registry.ts"
import { AskedRow, FiringRow, ProgressRow, RunRow, ScheduleRow, WebhookRow, WorkflowRow } from "./registry.ts"
import type { RunStatus } from "./run.ts"

/** A run as a list shows it. */
export interface RunEntry extends RunRow {
  readonly status: RunStatus
  /** `null` until a worker has begun with it. */
  readonly progress: ProgressRow | null
  /** Offset of the inbox behind what was asked last; `null` where nothing was. */
  readonly asked: string | null
}

/** Runs by id, in the order in which they were started. */
export type Runs = ReadonlyMap<RunId, RunEntry>

/** Applies rows in order. The given list is not changed; entries keep their identity unless a row changed them. */
export function foldRuns(runs: Runs, events: Iterable<unknown>): Runs {
  let next: Map<RunId, RunEntry> | null = null
  const writable = () => {
    next ??= new Map(runs)
    return next
  }
  const change = (runId: RunId, part: Partial<RunEntry>) => {
    const known = (next ?? runs).get(runId)
    if (known) writable().set(runId, { ...known, ...part })
  }
  for (const event of events) {
    if (!isRow(event)) continue
    const { type, value, key, headers } = event
    if (headers.operation === "delete") {
      if (type === "run") writable().delete(key as RunId)
    } else if (type === "run") {
      const row = RunRow.safeParse(value).data
      if (!row) continue
      const { status = "pending", progress = null, asked = null } = (next ?? runs).get(row.runId) ?? {}
      writable().set(row.runId, { ...row, status, progress, asked })
    } else if (type === "progress") {
      const row = ProgressRow.safeParse(value).data
      const before = row && (next ?? runs).get(row.runId)?.progress
      if (!row || (before && isBefore(row, before))) continue
      change(row.runId, { status: row.status, progress: row })
    } else if (type === "asked") {
      const row = AskedRow.safeParse(value).data
      const before = row && (next ?? runs).get(row.runId)?.asked
      if (row && (before == null || before < row.offset)) change(row.runId, { asked: row.offset })
    }
  }
  return next ?? runs
}

/** By the place in the log up to which they are true. */
export const isBefore = (one: ProgressRow, other: ProgressRow) =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.n < other.n)

/** Whether something was asked of it that its worker has not taken. */
export const isAsked = ({ asked, progress }: Pick<RunEntry, "asked" | "progress">): boolean =>
  asked !== null && asked > (progress?.inboxOffset ?? "")

export interface Workflows {
  readonly workflows: ReadonlyMap<string, WorkflowRow>
  readonly schedules: ReadonlyMap<ScheduleId, ScheduleRow>
  /** The newest of each schedule. */
  readonly firings: ReadonlyMap<ScheduleId, FiringRow>
  readonly webhooks: ReadonlyMap<WebhookId, WebhookRow>
}

export const noWorkflows: Workflows = {
  workflows: new Map(),
  schedules: new Map(),
  firings: new Map(),
  webhooks: new Map(),
}

/** Applies rows in order. */
export function foldWorkflows(before: Workflows, events: Iterable<unknown>): Workflows {
  let now = before
  for (const event of events) {
    if (!isRow(event)) continue
    const { type, key } = event
    const value = event.headers.operation === "delete" ? null : event.value
    if (type === "workflow") now = { ...now, workflows: changed(now.workflows, key, WorkflowRow, value) }
    else if (type === "schedule") now = { ...now, schedules: changed(now.schedules, key, ScheduleRow, value) }
    else if (type === "firing") now = { ...now, firings: changed(now.firings, key, FiringRow, value) }
    else if (type === "webhook") now = { ...now, webhooks: changed(now.webhooks, key, WebhookRow, value) }
  }
  return now
}

/** `null` takes the row away; what cannot be read changes nothing. */
function changed<Key extends string, Row>(
  rows: ReadonlyMap<Key, Row>,
  key: string,
  schema: z.ZodType<Row>,
  value: unknown,
): ReadonlyMap<Key, Row> {
  const row = value === null ? null : schema.safeParse(value).data
  if (row === undefined) return rows
  const next = new Map(rows)
  if (row === null) next.delete(key as Key)
  else next.set(key as Key, row)
  return next
}
