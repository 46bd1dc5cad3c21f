/** Whether a run may be taken from a worker of another host, of which nobody here can tell whether it lives. Pure. */
import type { RunCommand } from "#streams/workflow/command"
import type { Run } from "#streams/workflow/run"

/** A worker that lives answers at once: one that has not for so long is taken for gone, if somebody wants that. */
export const GONE_AFTER_MS = 15_000

/** What somebody asks who wants the run to go on, or to end, wherever that may be. */
const WANTS: ReadonlySet<RunCommand["type"]> = new Set(["resume", "cancel"])

/** `commands`: all that were asked of it. `waitMs`: how long the last of them has been waiting for its answer. */
export function mayTakeOver(run: Run, commands: readonly RunCommand[], waitMs: number): boolean {
  if (waitMs < GONE_AFTER_MS) return false
  // At rest nothing runs for it anywhere, so nothing is given up.
  if (run.status === "paused" || run.status === "failed") return true
  return commands.some(({ type, commandId }) => WANTS.has(type) && !run.taken.has(commandId))
}
