/** Errors that the demo agent pretends to have, in the words of a real one. */
import type { Failure } from "#streams/event"

export function failureOf(
  status: number | undefined,
  message: string | undefined,
  resetSeconds?: string,
): Failure {
  const said = message ?? (status === undefined ? "The demo agent was asked to fail." : `demo ${status}`)
  const again = resetSeconds === undefined ? "" : ` Try again in ${resetSeconds} seconds.`
  const hint = `This is the demo agent: the error was asked for in the prompt.${again}`
  if (status === 401 || status === 403) return { code: "provider_auth", message: said, hint }
  if (status === 402) return { code: "usage_limit", message: said, hint }
  if (status === 429) return { code: "provider_rate_limited", message: said, hint }
  if (status !== undefined && status >= 500) return { code: "provider_unavailable", message: said, hint }
  return { code: "provider_error", message: said, hint }
}
