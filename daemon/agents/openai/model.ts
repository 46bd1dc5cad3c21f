/** Which model answers, when nobody said. */
import { AgentFailed } from "../../agent-failed.ts"
import type { Provider, Settings } from "./provider.ts"

const TIMEOUT_MS = 5_000

/**
 * A server on this machine is asked what it has: it serves what its owner put there, so its first model is the one
 * meant. Anywhere else the first of many means nothing. Throws {@link AgentFailed} with `model_missing`.
 */
export async function modelOf(provider: Provider, settings: Settings, signal: AbortSignal): Promise<string> {
  if (settings.model !== null) return settings.model
  const first = settings.local ? await firstModel(settings, signal) : null
  if (first !== null) return first
  const { model: variable, baseUrl } = provider.variables
  throw new AgentFailed({
    code: "model_missing",
    message: settings.local
      ? `No model was chosen, and the server at ${settings.baseUrl} names none.`
      : "No model was chosen.",
    hint: `Choose a model for the session or set ${variable}${settings.local ? `, and check ${baseUrl}` : ""}.`,
  })
}

async function firstModel({ baseUrl, apiKey }: Settings, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(apiKey && { headers: { authorization: `Bearer ${apiKey}` } }),
    })
    const body: unknown = await response.json()
    const data = typeof body === "object" && body !== null && "data" in body ? body.data : undefined
    const first: unknown = Array.isArray(data) ? data[0] : undefined
    return typeof first === "object" && first !== null && "id" in first && typeof first.id === "string"
      ? first.id
      : null
  } catch (error) {
    signal.throwIfAborted()
    throw new AgentFailed(
      {
        code: "provider_unavailable",
        message: `The server at ${baseUrl} does not say which models it has.`,
        hint: "Start it, or check OPENAI_BASE_URL.",
      },
      { cause: error },
    )
  }
}
