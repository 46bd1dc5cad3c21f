/** How a session may stand. */

/**
 * `waiting`: an approval is open. `completed`: the last turn ended and the session can be continued.
 * `interrupted`: the daemon is gone in mid-turn; it can be resumed. Never stored, always folded.
 */
export const STATUSES = [
  "starting",
  "running",
  "waiting",
  "completed",
  "failed",
  "cancelled",
  "interrupted",
] as const
export type Status = (typeof STATUSES)[number]

/** Whether a daemon must be alive for this status to be true. */
export const needsDaemon = (status: Status): boolean =>
  status === "starting" || status === "running" || status === "waiting"
