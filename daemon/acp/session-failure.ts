/**
 * Failures and retries as the adapters of Claude Code and Codex tell them to a client that says it understands
 * `jetbrains.air` / `sessionFailure`: a record in the `_meta` of a `session_info_update`.
 */
import { fitLine } from "./generic.ts"
import { type Fields, stringIn, under } from "./read.ts"
import type { Said } from "./said.ts"
import { troubleOfFailure } from "./trouble.ts"

export function saidInFailure(update: Fields, now: number): readonly Said[] {
  const record = under(update, "_meta", "jetbrains", "air", "sessionFailure")
  const title = stringIn(record, "title")
  if (title === undefined) return []
  const category = stringIn(record, "category") ?? "unknown"
  const details = stringIn(record, "details")
  const warning = stringIn(record, "severity") === "warning"
  const hint = warning ? undefined : troubleOfFailure(record, now)?.failure.hint
  const retry = warning ? attemptIn(title) : undefined
  return [
    {
      said: "notice",
      notice: {
        severity: warning ? "warning" : "error",
        category: category.slice(0, 64),
        title: fitLine(details ? `${title} ${details}` : title),
        ...(hint !== undefined && { hint }),
        ...(retry && { retry }),
      },
      // A warning about anything but "unknown" is a request that is made again.
      ...(warning && category !== "unknown" && { restarts: true }),
    },
  ]
}

/** `attempt 1 of 4`, `2/5`. */
function attemptIn(title: string): { readonly attempt: number; readonly max: number } | undefined {
  const [, attempt, max] = /\b(\d{1,4})\s*(?:of|\/)\s*(\d{1,4})\b/.exec(title) ?? []
  return attempt === undefined ? undefined : { attempt: Number(attempt), max: Number(max) }
}
