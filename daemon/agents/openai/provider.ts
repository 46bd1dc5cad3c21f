/** Services that speak the OpenAI chat protocol: where they are and what they need. */

export interface Provider {
  readonly type: string
  readonly title: string
  readonly description: string
  /** Names of the environment variables that hold them. */
  readonly variables: { readonly key: string; readonly baseUrl: string; readonly model: string }
  readonly defaultBaseUrl: string
  readonly defaultModel: string | null
}

export const openaiCompatible: Provider = {
  type: "openai-compatible",
  title: "OpenAI-compatible",
  description:
    "Any service or local server that speaks the OpenAI chat protocol: OpenAI, Ollama, vLLM, LM Studio.",
  variables: { key: "OPENAI_API_KEY", baseUrl: "OPENAI_BASE_URL", model: "OPENAI_MODEL" },
  defaultBaseUrl: "https://api.openai.com/v1",
  defaultModel: null,
}

export const cerebras: Provider = {
  type: "cerebras",
  title: "Cerebras",
  description: "Very fast open models, served by Cerebras.",
  variables: { key: "CEREBRAS_API_KEY", baseUrl: "CEREBRAS_BASE_URL", model: "CEREBRAS_MODEL" },
  defaultBaseUrl: "https://api.cerebras.ai/v1",
  defaultModel: "gpt-oss-120b",
}

export interface Settings {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** `null` where only the service itself can tell. */
  readonly model: string | null
  /** Whether the service runs on this machine: then it needs no key, and its first model is the one meant. */
  readonly local: boolean
  /** One sentence per thing that is missing, each naming its remedy. */
  readonly needs: readonly string[]
}

export function settingsOf(
  provider: Provider,
  env: Readonly<Record<string, string | undefined>>,
  model: string | undefined,
): Settings {
  const { key, baseUrl: baseUrlVariable, model: modelVariable } = provider.variables
  const baseUrl = env[baseUrlVariable]?.trim() || provider.defaultBaseUrl
  const apiKey = env[key]?.trim() || undefined
  const host = hostOf(baseUrl)
  const local = host !== null && /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(host)
  const needs: string[] = []
  if (host === null) needs.push(`Set ${baseUrlVariable} to a URL that begins with http:// or https://.`)
  else if (!apiKey && !local)
    needs.push(
      provider.type === cerebras.type
        ? `Set ${key} to a key of ${provider.title}.`
        : `Set ${key}, or set ${baseUrlVariable} to a server on this machine, which needs no key.`,
    )
  const named = env[modelVariable]?.trim()
  return { baseUrl, apiKey, model: model || named || provider.defaultModel, local, needs }
}

function hostOf(url: string): string | null {
  try {
    const { protocol, hostname } = new URL(url)
    return protocol === "http:" || protocol === "https:" ? hostname : null
  } catch {
    return null
  }
}
