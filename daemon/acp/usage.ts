/** What a turn cost, as differences: agents report tokens of a turn, and a running total of the cost. */
import type { Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import type { Reported } from "./said.ts"

/** `null`: the agent reported nothing. `costBefore`: where its counter stood at the last report, also of its last process. */
export function usageEvent(
  turnId: TurnId,
  { totalCostUsd, inputTokens = 0, outputTokens = 0, ...reported }: Reported,
  costBefore: number | null,
): Unstamped | null {
  const nothing = inputTokens === 0 && outputTokens === 0 && totalCostUsd === undefined
  if (nothing && Object.keys(reported).length === 0) return null
  return {
    type: "usage",
    turnId,
    inputTokens,
    outputTokens,
    ...reported,
    ...(totalCostUsd !== undefined && {
      costUsd: costSince(totalCostUsd, costBefore),
      reportedCostUsd: totalCostUsd,
    }),
  }
}

/**
 * A counter that stands lower than before began anew, as some do when their conversation is resumed: then all of it
 * is new. One that began anew and has passed the old mark since is taken for the old one: too little rather than twice.
 */
export function costSince(total: number, before: number | null): number {
  const since = before === null || total < before ? total : total - before
  // Agents add up in floating point.
  return Math.round(since * 1e9) / 1e9
}
