/** When schedules are due. Pure: the time is an argument. */
import { Cron } from "croner"
import type { FiringRow, ScheduleRow } from "#streams/workflow/registry"

/** The first time after `after` at which it is due, in milliseconds; `null`: never again. */
export function dueAfter({ when }: Pick<ScheduleRow, "when">, after: number): number | null {
  if (when.type === "cron")
    return cronOf(when.cron, when.timeZone).nextRun(new Date(after))?.getTime() ?? null
  const from = Date.parse(when.from)
  if (after < from) return from
  return from + (Math.floor((after - from) / when.everyMs) + 1) * when.everyMs
}

/** The newest time up to `now` that nothing was done for; `null`: none. Those that were missed before it are let go. */
export function dueNow(
  schedule: Pick<ScheduleRow, "when" | "createdAt">,
  last: Pick<FiringRow, "dueAt"> | null,
  now: number,
): number | null {
  const first = dueAfter(schedule, Date.parse(last?.dueAt ?? schedule.createdAt))
  if (first === null || first > now) return null
  // A long absence may hold very many: the newest is looked for from close to now, in growing steps back.
  for (let back = 60_000; back < now - first; back *= 2) {
    const newest = newestBetween(schedule, now - back, now)
    if (newest !== null) return newest
  }
  return newestBetween(schedule, first - 1, now)
}

function newestBetween(schedule: Pick<ScheduleRow, "when">, after: number, now: number): number | null {
  let newest: number | null = null
  for (let due = dueAfter(schedule, after); due !== null && due <= now; due = dueAfter(schedule, due))
    newest = due
  return newest
}

/** Throws what is wrong with the pattern or the time zone. */
export const cronOf = (pattern: string, timezone: string): Cron =>
  new Cron(pattern, { timezone, paused: true })
