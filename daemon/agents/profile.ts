/** An agent as far as a spawner must know it. */
import type { FindLaunch } from "./process/launch.ts"
import type { Adapter } from "./vendors/find.ts"

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
  /** Whether it can run with this environment; `home` is `AGENTZ_HOME`. Never throws. */
  preflight(env: Readonly<Record<string, string | undefined>>, home: string): Promise<Preflight>
  /** How it is started, where it is a process of its own. */
  readonly launch?: FindLaunch
  /** What `agentz agents add` installs for it. */
  readonly adapter?: Adapter
}
