/** What a run may use in all. Pure: the time is an argument. */
import { durationMs } from "./duration.ts"
import type { RunEventOf, UnstampedRunEvent } from "./event.ts"
import type { Run } from "./run.ts"

type Kind = RunEventOf<"budget_reached">["kind"]

/** What to say when more is used than the run may: it pauses. Said once, until the budget is changed. */
export function budgetEvents(run: Run, now: number): readonly UnstampedRunEvent[] {
  if (run.budgetReached !== null) return []
  const over = usedOf(run, now).find(({ used, limit }) => used >= limit)
  return over === undefined
    ? []
    : [
        { type: "budget_reached", ...over },
        { type: "run_pausing", cause: "budget", interrupt: false },
      ]
}

function usedOf(
  run: Run,
  now: number,
): readonly { readonly kind: Kind; readonly used: number; readonly limit: number }[] {
  const { costUsd, tokens, time } = run.budget
  return [
    { kind: "costUsd" as const, used: run.usage.costUsd, limit: costUsd },
    { kind: "tokens" as const, used: run.usage.inputTokens + run.usage.outputTokens, limit: tokens },
    {
      kind: "time" as const,
      used: ranFor(run, now),
      limit: time === undefined ? undefined : durationMs(time),
    },
  ].flatMap(({ limit, ...use }) => (limit === undefined ? [] : [{ ...use, limit }]))
}

/** How long it has been running, pauses left out, in ms. */
const ranFor = ({ ranMs, runningSince }: Run, now: number): number =>
  ranMs + (runningSince === null ? 0 : Math.max(0, now - Date.parse(runningSince)))

/** When its time will be up. */
export function budgetDueAt({ budget: { time }, budgetReached, ranMs, runningSince }: Run): number | null {
  if (time === undefined || budgetReached !== null || runningSince === null) return null
  return Date.parse(runningSince) + durationMs(time) - ranMs
}
