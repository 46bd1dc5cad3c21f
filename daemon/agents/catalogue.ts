/**
 * The agents there are, as far as a spawner must know them: names, what they need, whether they can run here.
 * Light on purpose: the control plane reads it without loading an agent.
 */
import { cerebras, openaiCompatible, type Provider, settingsOf } from "./openai/provider.ts"

interface Preflight {
  readonly found: boolean
  readonly version: string | null
  /** One sentence per thing that is missing, each naming its remedy. Empty when the agent can run. */
  readonly needs: readonly string[]
}

export interface AgentProfile {
  readonly type: string
  readonly title: string
  readonly description: string
  /** Environment variables that are handed to this agent, and to nobody else. */
  readonly env: readonly string[]
  readonly defaultModel: string | null
  /** `false`: it has tools of its own and no others. */
  readonly takesMcpServers?: boolean
  /** Whether it can run with this environment. Never throws. */
  preflight(env: Readonly<Record<string, string | undefined>>): Promise<Preflight>
}

const demo: AgentProfile = {
  type: "demo",
  title: "Demo",
  description: "Shows what a session is, with real files and no model. Needs no key.",
  env: ["AGENTZ_DEMO_SPEED"],
  defaultModel: null,
  takesMcpServers: false,
  preflight: async () => ({ found: true, version: null, needs: [] }),
}

const profileOf = (provider: Provider): AgentProfile => ({
  type: provider.type,
  title: provider.title,
  description: provider.description,
  env: Object.values(provider.variables),
  defaultModel: provider.defaultModel,
  takesMcpServers: false,
  preflight: async (env) => ({
    found: true,
    version: null,
    needs: settingsOf(provider, env, undefined).needs,
  }),
})

export const catalogue: Readonly<Record<string, AgentProfile>> = Object.fromEntries(
  [demo, profileOf(openaiCompatible), profileOf(cerebras)].map((profile) => [profile.type, profile]),
)
