/** Schedules: what starts runs by the clock. Each time due names its run, so however many look, it is started once. */
import { errorText } from "#streams/error-text"
import { newScheduleId, runIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import { DURATION, durationMs } from "#streams/workflow/duration"
import type { Workflows } from "#streams/workflow/registry"
import {
  type FiringRow,
  firingRowChange,
  type ScheduleRow,
  scheduleRowChange,
  scheduleRowRemovals,
} from "#streams/workflow/registry"
import { guarded } from "../control/guarded.ts"
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import { cronOf, dueAfter, dueNow } from "./due.ts"
import type { RunFolds } from "./folds.ts"
import type { ScheduleEntry, ScheduleRequest, WorkflowPlane } from "./plane.ts"
import { definitionOf, inputsOf, makeRun } from "./starting.ts"

const MOST_UPCOMING = 5

export function scheduling(
  context: PlaneContext,
  folds: RunFolds,
): Pick<WorkflowPlane, "schedule" | "schedules" | "setSchedule" | "unschedule" | "upcoming"> {
  const { endpoint, patience, home } = context
  const rowOf = async (scheduleId: ScheduleRow["scheduleId"]) => {
    const { value } = await folds.workflows()
    const row = value.schedules.get(scheduleId)
    if (row) return { row, value }
    throw new Problem(
      "unknown_schedule",
      `There is no schedule ${scheduleId}: \`agentz workflow schedule\` shows those there are.`,
    )
  }
  return {
    schedule: ({ name, inputs = {}, workingDir, when, overlap = "skip" }) =>
      guarded(async () => {
        inputsOf(await definitionOf(folds, { name }), inputs)
        const row: ScheduleRow = {
          scheduleId: newScheduleId(),
          workflow: name,
          inputs,
          workingDir: await checkedWorkingDir(workingDir, home.path),
          when: whenOf(when),
          overlap,
          enabled: true,
          createdAt: new Date().toISOString(),
        }
        await appendTo(endpoint, paths.workflows, [scheduleRowChange(row)], patience)
        return entryOf(row, null)
      }),

    upcoming: ({ when }) =>
      guarded(async () => {
        const row = { when: whenOf(when) }
        const times: string[] = []
        let due = dueAfter(row, Date.now())
        while (due !== null && times.length < MOST_UPCOMING) {
          times.push(new Date(due).toISOString())
          due = dueAfter(row, due)
        }
        return { times }
      }),

    schedules: () =>
      guarded(async () => {
        const { value } = await folds.workflows()
        const schedules = [...value.schedules.values()]
        return { schedules: schedules.map((row) => entryOf(row, lastOf(value, row))) }
      }),

    setSchedule: ({ scheduleId, enabled }) =>
      guarded(async () => {
        const { row, value } = await rowOf(scheduleId)
        const next = { ...row, enabled }
        await appendTo(endpoint, paths.workflows, [scheduleRowChange(next)], patience)
        return entryOf(next, lastOf(value, row))
      }),

    unschedule: (scheduleId) =>
      guarded(async () => {
        await rowOf(scheduleId)
        await appendTo(endpoint, paths.workflows, scheduleRowRemovals(scheduleId), patience)
        return { scheduleId, removed: true as const }
      }),
  }
}

const lastOf = ({ firings }: Workflows, { scheduleId }: ScheduleRow) => firings.get(scheduleId) ?? null

const entryOf = (row: ScheduleRow, last: FiringRow | null): ScheduleEntry => {
  const next = row.enabled
    ? dueAfter(row, Math.max(Date.now(), Date.parse(last?.dueAt ?? row.createdAt)))
    : null
  return { ...row, last, nextAt: next === null ? null : new Date(next).toISOString() }
}

function whenOf(when: ScheduleRequest["when"]): ScheduleRow["when"] {
  if ("every" in when) {
    const everyMs = DURATION.test(when.every) ? durationMs(when.every) : 0
    if (everyMs >= 1000) return { type: "every", everyMs, from: new Date().toISOString() }
    throw new Problem(
      "invalid_schedule",
      `“${when.every}” is no interval: give one of a second or more, such as 30m.`,
    )
  }
  const { cron, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone } = when
  try {
    if (cronOf(cron, timeZone).nextRun() !== null) return { type: "cron", cron, timeZone }
  } catch (error) {
    const why = errorText(error)
    throw new Problem("invalid_schedule", `“${cron}” cannot be read as a cron pattern: ${why}`, {
      cause: error,
    })
  }
  throw new Problem("invalid_schedule", `“${cron}” is never due: give a pattern that lies ahead.`)
}

/** Starts what is due. Gives whether anything was started. */
export async function startDue(context: PlaneContext, folds: RunFolds, now: number): Promise<boolean> {
  const { value } = await folds.workflows()
  let started = false
  for (const row of value.schedules.values()) {
    const due = row.enabled ? dueNow(row, lastOf(value, row), now) : null
    if (due !== null) started = (await fire(context, folds, { row, value, due })) || started
  }
  return started
}

async function fire(
  context: PlaneContext,
  folds: RunFolds,
  { row, value, due }: { readonly row: ScheduleRow; readonly value: Workflows; readonly due: number },
): Promise<boolean> {
  const { scheduleId, workflow, inputs, workingDir } = row
  const dueAt = new Date(due).toISOString()
  const idempotencyKey = `${scheduleId} ${dueAt}`
  const fired = async (came: Pick<FiringRow, "runId" | "skipped">) => {
    const firing = firingRowChange({ scheduleId, dueAt, ...came })
    await appendTo(context.endpoint, paths.workflows, [firing], context.patience)
  }
  if (row.overlap === "skip" && (await isRunning(folds, lastOf(value, row)))) {
    await fired({ runId: null, skipped: "The run before it had not ended." })
    return false
  }
  try {
    const definition = await definitionOf(folds, { name: workflow })
    await makeRun(context, { definition, inputs, workingDir, startedBy: "schedule", idempotencyKey })
  } catch (error) {
    if (!(error instanceof Problem) || error.reason.startsWith("storage_")) throw error
    context.log({ event: "schedule_failed", scheduleId, ...errorFields(error) })
    await fired({ runId: null, skipped: error.message })
    return false
  }
  await fired({ runId: await runIdOf(idempotencyKey) })
  return true
}

async function isRunning(folds: RunFolds, last: FiringRow | null): Promise<boolean> {
  if (last?.runId == null) return false
  const status = (await folds.runs()).value.get(last.runId)?.status
  return status === "pending" || status === "running" || status === "paused"
}
