/** Which model answers, when nobody said. */
import type { SessionConfigOption } from "@agentclientprotocol/sdk"
import { z } from "zod"
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

async function firstModel(settings: Settings, signal: AbortSignal): Promise<string | null> {
  try {
    return (await modelsAt(settings, signal))[0] ?? null
  } catch (error) {
    signal.throwIfAborted()
    throw new AgentFailed(
      {
        code: "provider_unavailable",
        message: `The server at ${settings.baseUrl} does not say which models it has.`,
        hint: "Start it, or check OPENAI_BASE_URL.",
      },
      { cause: error },
    )
  }
}

/** A service may have hundreds; whoever wants another one names it when the session starts. */
const MOST_MODELS = 200

/** The models to choose from; nothing where the service does not tell: a turn will say what is wrong with it. */
export async function modelOptions(settings: Settings): Promise<SessionConfigOption[]> {
  if (settings.needs.length > 0) return []
  const there = await modelsAt(settings, AbortSignal.timeout(TIMEOUT_MS)).catch(() => [])
  const current = settings.model ?? (settings.local ? there[0] : undefined)
  if (current === undefined) return []
  const models = [...new Set([current, ...there.slice(0, MOST_MODELS)])]
  return [
    {
      type: "select",
      id: "model",
      name: "Model",
      category: "model",
      currentValue: current,
      options: models.map((value) => ({ value, name: value })),
    },
  ]
}

const Models = z.object({ data: z.array(z.object({ id: z.string() })) })

async function modelsAt({ baseUrl, apiKey }: Settings, signal: AbortSignal): Promise<readonly string[]> {
  const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    ...(apiKey && { headers: { authorization: `Bearer ${apiKey}` } }),
  })
  const models = Models.safeParse(await response.json())
  return models.success ? models.data.data.map(({ id }) => id) : []
}
