import { type AgentProfile, cataloguedAgents } from "#daemon/agents/catalogue"
import { agentEnvironment, type Environment } from "./config.ts"
import type { AgentTypeInfo } from "./plane.ts"

type Profiles = Readonly<Record<string, AgentProfile>>

/** What can run here, as each agent's own check sees it. */
export async function agentTypes(
  home: string,
  environment: Environment = agentEnvironment(),
  profiles: Profiles = cataloguedAgents(home).profiles,
): Promise<readonly AgentTypeInfo[]> {
  return await Promise.all(
    Object.values(profiles).map(async (profile) => {
      const { type, title, description, defaultModel } = profile
      return { type, title, description, defaultModel, ...(await profile.preflight(environment, home)) }
    }),
  )
}
