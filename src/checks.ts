/** What an installation needs, looked at without changing or starting anything. */
import { join } from "node:path"
import { cataloguedAgents } from "#daemon/agents/catalogue"
import { checkHiding } from "./checks/hiding.ts"
import { checkHome, checkToken } from "./checks/home.ts"
import { checkDisk, checkIsolation, checkNode, checkUi } from "./checks/machine.ts"
import { checkApiPort, checkStreams } from "./checks/ports.ts"
import type { Config } from "./config.ts"
import type { AgentTypeInfo } from "./plane.ts"

export interface Check {
  readonly name: string
  /** `warn`: it works, less well. `fail`: it does not. */
  readonly status: "ok" | "warn" | "fail"
  readonly detail: string
  /** The one line that fixes it. */
  readonly remedy?: string
}

export interface Surroundings {
  readonly uiDir: string
  readonly agents: () => Promise<readonly AgentTypeInfo[]>
}

export async function checkUp(config: Config, { uiDir, agents }: Surroundings): Promise<readonly Check[]> {
  const checks = await Promise.all([
    checkNode(process.versions.node),
    checkHome(config.home),
    checkToken(config),
    checkDisk(config.home),
    checkApiPort(config),
    checkStreams(config),
    checkUi(join(uiDir, "index.html")),
    checkIsolation(config.isolation),
    checkHiding(config),
    checkAgents(agents),
    checkConfiguredAgents(config.home),
  ])
  return checks.flat()
}

function checkConfiguredAgents(home: string): readonly Check[] {
  const { fault } = cataloguedAgents(home)
  if (fault === null) return []
  return [{ name: "agents.json", status: "fail", detail: fault, remedy: "correct it, or move it away" }]
}

async function checkAgents(agents: Surroundings["agents"]): Promise<readonly Check[]> {
  try {
    return (await agents()).map(({ type, found, version, needs }) => {
      const name = `agent ${type}`
      const detail = version === null ? (found ? "found" : "not found") : `found, version ${version}`
      if (needs.length === 0) return { name, status: "ok", detail }
      return { name, status: "warn", detail, remedy: needs.join(" ") }
    })
  } catch (error) {
    return [{ name: "agents", status: "fail", detail: `cannot be looked at: ${String(error)}` }]
  }
}
