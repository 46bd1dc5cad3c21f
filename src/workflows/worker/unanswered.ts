/** Since when something that was asked of a run is not answered, by the clock of this process alone. */
import type { RunId } from "#streams/ids"
import { isAsked, type RunEntry } from "#streams/workflow/registry"

export interface Unanswered {
  /** Takes in what the list says of the run. */
  seen(entry: RunEntry): void
  /** 0 where nothing waits. */
  forMs(runId: RunId): number
  /** Whether something has been waiting for less than that. */
  within(ms: number): boolean
}

export function unanswered(now: () => number): Unanswered {
  const waiting = new Map<RunId, { readonly asked: string; readonly since: number }>()
  return {
    seen(entry) {
      const { runId, asked } = entry
      if (asked === null || !isAsked(entry)) waiting.delete(runId)
      else if (waiting.get(runId)?.asked !== asked) waiting.set(runId, { asked, since: now() })
    },
    forMs(runId) {
      const since = waiting.get(runId)?.since
      return since === undefined ? 0 : now() - since
    },
    within: (ms) => [...waiting.values()].some(({ since }) => now() - since < ms),
  }
}
