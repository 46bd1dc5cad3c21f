/** What a session does about a limit: whether it goes on by itself, and when. */
import type { Failure, Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import type { OnLimit } from "#streams/limit"

/** Where nobody says how long too many requests are too many: a minute, doubled each time, up to half an hour. */
const FIRST_WAIT_MS = 60_000
const SHORTEST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 30 * 60_000
/** Whoever runs into a limit so often in a row is not helped by one more try. */
const MOST_IN_A_ROW = 12

export function limitEvent(
  turnId: TurnId,
  { message }: Failure,
  {
    limit: { kind, until },
    onLimit,
    inARow,
    now,
  }: {
    readonly limit: { readonly kind: "rate" | "usage"; readonly until: string | null }
    readonly onLimit: OnLimit
    /** Turns before this one that a limit ended. */
    readonly inARow: number
    readonly now: number
  },
): Extract<Unstamped, { type: "limit_reached" }> {
  const doubled = (firstMs: number) =>
    new Date(now + Math.min(firstMs * 2 ** Math.min(inARow, 12), LONGEST_WAIT_MS)).toISOString()
  const told = until ?? (kind === "rate" ? doubled(FIRST_WAIT_MS) : null)
  // A service whose clock goes wrong must not have us try again without a pause.
  const soonest = doubled(SHORTEST_WAIT_MS)
  const end = told !== null && told < soonest ? soonest : told
  return {
    type: "limit_reached",
    turnId,
    kind,
    message,
    until: end,
    resumes: onLimit === "wait" && end !== null && inARow < MOST_IN_A_ROW,
  }
}
