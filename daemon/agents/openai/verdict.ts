/** What an error of a provider means: whether it is worth another try, and how to tell a person. */
import { APICallError } from "ai"
import type { Failure } from "#streams/event"
import type { Provider, Settings } from "./provider.ts"

export interface Verdict {
  readonly failure: Failure
  readonly retry: boolean
  /** How long the provider asks us to wait. */
  readonly afterMs: number | null
  readonly category: "connection" | "limit" | "service"
}

export function verdictOn(error: unknown, provider: Provider, settings: Settings): Verdict {
  // Some services repeat the key they refuse.
  const said = settings.apiKey ? sentenceOf(error).replaceAll(settings.apiKey, "[key]") : sentenceOf(error)
  const { key, baseUrl } = provider.variables
  // A good status in an error: the answer had begun and was cut off.
  if (!APICallError.isInstance(error) || error.statusCode === undefined || error.statusCode < 300)
    return {
      failure: {
        code: "provider_unavailable",
        message: `The connection to ${settings.baseUrl} failed: ${said}`,
        hint: settings.local
          ? `Start the server there, or set ${baseUrl} to where it runs.`
          : `Check the network and ${baseUrl}, then send the message again.`,
      },
      retry: true,
      afterMs: null,
      category: "connection",
    }

  const { statusCode: status, responseHeaders = {} } = error
  const afterMs = waitOf(responseHeaders)
  if (status === 401 || status === 403)
    return final("provider_auth", `${provider.title} refused the key (${status}: ${said}).`, `Check ${key}.`)
  if (status === 404)
    return final(
      "provider_error",
      `${settings.baseUrl} does not know this address or model (404: ${said}).`,
      `Check ${baseUrl} and the name of the model.`,
    )
  if (status === 429)
    return {
      failure: {
        code: "provider_rate_limited",
        message: `${provider.title} is over its limit (429: ${said}).`,
        hint: afterMs === null ? "Wait a little and send the message again." : waitHint(afterMs),
      },
      retry: true,
      afterMs,
      category: "limit",
    }
  if (status >= 500 || status === 408 || status === 409)
    return {
      failure: {
        code: "provider_unavailable",
        message: `${provider.title} has a problem (${status}: ${said}).`,
        hint: "Send the message again in a while.",
      },
      retry: true,
      afterMs,
      category: "service",
    }
  return final("provider_error", `${provider.title} refused the request (${status}: ${said}).`)
}

const final = (code: string, message: string, hint?: string): Verdict => ({
  failure: { code, message, ...(hint && { hint }) },
  retry: false,
  afterMs: null,
  category: "service",
})

const waitHint = (ms: number) => `Send the message again in ${Math.ceil(ms / 1000)} seconds.`

/** `retry-after` in seconds or as a date; `retry-after-ms` where a provider is precise. */
function waitOf(headers: Readonly<Record<string, string>>): number | null {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "")
  if (ms >= 0) return ms
  const after = headers["retry-after"]
  if (!after) return null
  const seconds = Number(after)
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(after) - Date.now()
  return wait >= 0 ? wait : null
}

function sentenceOf(error: unknown): string {
  if (APICallError.isInstance(error) && error.cause instanceof Error) return sentenceOf(error.cause)
  if (typeof error === "string") return error
  if (typeof error !== "object" || error === null) return String(error)
  const message = "message" in error ? String(error.message) : JSON.stringify(error)
  return message.slice(0, 500)
}
