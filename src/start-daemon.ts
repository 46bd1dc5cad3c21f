/** Starts a daemon that outlives us: its own session, its own log file, a spec that only this user can read. */
import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs"
import { cataloguedAgents } from "#daemon/agents/catalogue"
import { REACHING } from "#daemon/git/invocation"
import { filesOf } from "#daemon/home"
import type { DaemonSpec } from "#daemon/spec"
import { otelVariables } from "#daemon/telemetry/otlp-settings"
import { agentEnvironment } from "./config.ts"
import { DAEMON_OF, INCARNATION } from "./daemons/launch.ts"
import { launchProfileOf } from "./launch-profile.ts"
import { childrenServer } from "./mcp/children.ts"
import { programFile } from "./package-root.ts"

/** What a program needs to run at all. Keys are not among it: an agent's go into the spec, for that agent alone. */
const PLAIN = ["PATH", "HOME", "USER", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "AGENTZ_MACHINE"]

export interface StartedDaemon {
  readonly pid: number
  /** Resolves when it has ended, with the reason as the system tells it. Never rejects. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

type Given = Omit<DaemonSpec, "agentEnv" | "gitEnv" | "mcpServers" | "missingMcpServers" | "otel"> & {
  /** Names of the MCP servers that the session was launched with. */
  readonly mcpServerNames: readonly string[]
}

export function startDaemon({ mcpServerNames, ...spec }: Given): StartedDaemon {
  const files = filesOf(spec.home, spec.sessionId)
  mkdirSync(files.dir, { recursive: true, mode: 0o700 })
  const environment = agentEnvironment()
  const pick = (names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
    )
  const { mcpServers: given = [], childrenToken } = launchProfileOf(spec.home, spec.sessionId) ?? {}
  const mcpServers = [...given, ...childrenServer(spec.home, childrenToken)]
  const missingMcpServers = mcpServerNames.filter((name) => mcpServers.every((one) => one.name !== name))
  const specFile = files.spec(spec.incarnation)
  const agentEnv = pick(cataloguedAgents(spec.home).profiles[spec.agentType]?.env ?? [])
  const otel = otelVariables(environment)
  const gitEnv = pick(REACHING)
  writeFileSync(
    specFile,
    JSON.stringify({ ...spec, mcpServers, missingMcpServers, agentEnv, gitEnv, otel }),
    {
      mode: 0o600,
      flag: "wx",
    },
  )
  const log = openSync(files.log, "a", 0o600)
  try {
    const child = spawn(process.execPath, [programFile("daemon"), specFile], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...pick(PLAIN), [INCARNATION]: spec.incarnation, [DAEMON_OF]: spec.home },
    })
    child.unref()
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }))
      child.once("error", () => resolve({ code: 1, signal: null }))
    })
    return { pid: child.pid ?? 0, ended }
  } finally {
    closeSync(log)
  }
}
