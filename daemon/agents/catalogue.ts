/**
 * The agents there are, as far as a spawner must know them: names, what they need, whether they can run here.
 * Light on purpose: the control plane reads it without loading an agent.
 */

export interface Preflight {
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
  /** Whether it can run with this environment. Never throws. */
  preflight(env: Readonly<Record<string, string | undefined>>): Promise<Preflight>
}
