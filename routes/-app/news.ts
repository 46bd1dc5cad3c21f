/** What of a change in the list of sessions is worth a notice. Pure. */
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"

export interface News {
  readonly sessionId: RegistryEntry["sessionId"]
  readonly kind: "needs-you" | "failed" | "finished"
  readonly title: string
  readonly detail: string
}

// What took no longer than this was probably waited for.
const LONG_MS = 60_000

/**
 * What became of one session between two looks at it. `hidden`: nobody sees the page, so that a short run that
 * finished is news, too. `since` is when it was first seen at work.
 */
export function newsOf(
  before: RegistryEntry | undefined,
  after: RegistryEntry,
  { hidden, since, now }: { readonly hidden: boolean; readonly since: number; readonly now: number },
): News | null {
  if (!before || before.status === after.status) return null
  const { sessionId, title, activity } = after
  const news = (kind: News["kind"], detail: string): News => ({ sessionId, kind, title, detail })
  if (after.status === "waiting") return news("needs-you", activity?.lastLine || "An approval is open.")
  if (!needsDaemon(before.status)) return null
  if (after.status === "failed" || after.status === "interrupted")
    return news("failed", activity?.error ?? "It can be resumed.")
  if (after.status === "completed" && (hidden || now - since > LONG_MS))
    return news("finished", activity?.lastLine ?? "")
  return null
}
