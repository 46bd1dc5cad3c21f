/** Errors that the demo agent pretends to have, in the words of a real one. */
import type { Failure } from "#streams/event"

export function failureOf(status: number | undefined, message: string | undefined): Failure {
  const said = message ?? (status === undefined ? "The demo agent was asked to fail." : `demo ${status}`)
  const hint = "This is the demo agent: the error was asked for in the prompt."
  if (status === 401 || status === 403) return { code: "provider_auth", message: said, hint }
  if (status === 429) return { code: "provider_rate_limited", message: said, hint }
  if (status !== undefined && status >= 500) return { code: "provider_unavailable", message: said, hint }
  return { code: "provider_error", message: said, hint }
}
