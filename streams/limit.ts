/** Limits of a service that a session waits for. Pure: the time is an argument. */
import { z } from "zod"
import type { Unstamped } from "./event.ts"
import type { TurnId } from "./ids.ts"
import { needsDaemon, type Session, type Status } from "./session.ts"

/** `wait`: the session goes on by itself when the limit is lifted. `stop`: a person sends it on. */
export const OnLimit = z.enum(["wait", "stop"])
export type OnLimit = z.infer<typeof OnLimit>

/** What is known of a limit that a session is held up by. */
export interface Held {
  readonly status: Status
  readonly limit: Pick<NonNullable<Session["limit"]>, "until" | "resumes"> | null
}

/** When the session goes on by itself, in milliseconds; `null`: it does not. */
export function resumesAt({ status, limit }: Held): number | null {
  if (!limit?.resumes || limit.until === null || needsDaemon(status)) return null
  const time = Date.parse(limit.until)
  return Number.isNaN(time) ? null : time
}

/** Whether the session is to go on now. */
export function isDue(held: Held, now: number): boolean {
  const time = resumesAt(held)
  return time !== null && time <= now
}

/** What is to be said when a person wants the session not to go on by itself; nothing where it would not anyway. */
export function stopsWaiting({ limit }: Session, { turnId }: { readonly turnId: TurnId }): Unstamped[] {
  if (!limit?.resumes || limit.turnId !== turnId) return []
  const { kind, message, until } = limit
  return [{ type: "limit_reached", turnId, kind, message, until, resumes: false }]
}
