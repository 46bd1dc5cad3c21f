import * as agents from "#daemon/agents/catalogue"
import { agentEnvironment, type Environment } from "./config.ts"
import type { AgentTypeInfo } from "./plane.ts"

type Catalogue = Readonly<Record<string, agents.AgentProfile>>

/** What can run here, as each agent's own check sees it. */
export async function agentTypes(
  environment: Environment = agentEnvironment(),
  catalogue: Catalogue = (agents as { readonly catalogue?: Catalogue }).catalogue ?? {},
): Promise<readonly AgentTypeInfo[]> {
  return await Promise.all(
    Object.values(catalogue).map(async (profile) => {
      const { type, title, description, defaultModel } = profile
      return { type, title, description, defaultModel, ...(await profile.preflight(environment)) }
    }),
  )
}
