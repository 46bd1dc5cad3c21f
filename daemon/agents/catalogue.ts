/**
 * The agents there are, as far as a spawner must know them: names, what they need, whether they can run here.
 * Light on purpose: the control plane reads it without loading an agent.
 */
import { configuredAgents } from "./configured.ts"
import { cerebras, openaiCompatible, type Provider, settingsOf } from "./openai/provider.ts"
import type { AgentProfile } from "./profile.ts"
import { claude } from "./vendors/claude.ts"
import { codex } from "./vendors/codex.ts"
import { opencode } from "./vendors/opencode.ts"
import { vendorProfile } from "./vendors/vendor.ts"

export type { AgentProfile } from "./profile.ts"
export { adapterDir } from "./vendors/find.ts"

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

/** The agents that every installation knows. */
export const catalogue: Readonly<Record<string, AgentProfile>> = Object.fromEntries(
  [
    demo,
    ...[claude, codex, opencode].map(vendorProfile),
    profileOf(openaiCompatible),
    profileOf(cerebras),
  ].map((profile) => [profile.type, profile]),
)

export interface Catalogued {
  readonly profiles: Readonly<Record<string, AgentProfile>>
  /** Why agents.json could not be read, with the line and the remedy. Then only the agents known to all are there. */
  readonly fault: string | null
}

/** These and the agents that the user configured in this home. */
export const cataloguedAgents = (home: string): Catalogued => configuredAgents(home, catalogue)
