/** What `GET /metrics` says: of this API, of the living daemons, and of the embedded stream server. */
import { readdir } from "node:fs/promises"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { askControlSocket } from "#daemon/control-socket"
import { socketIn } from "#daemon/home"
import { DaemonRun, readRunFile } from "#daemon/run-file"
import { MEASURES, type Point } from "#daemon/telemetry/measures"
import { Meter, summed } from "#daemon/telemetry/meter"
import { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import { STATUSES } from "#streams/session"
import { pushTargetOf } from "#streams/workspace-fold"
import type { Home } from "../home.ts"
import type { OpenPlane } from "../open-plane.ts"
import { version } from "../package-root.ts"
import { prometheusText } from "./prometheus.ts"

export interface Sources {
  readonly meter: Meter
  readonly home: Pick<Home, "path" | "runDir">
  readonly plane: Pick<OpenPlane, "listSessions" | "streams" | "recovery">
}

const PATIENCE_MS = 1_000
const PAGE = 1_000

export interface Metrics extends Disposable {
  /** Everything that is known now, as numbers. */
  points(): Promise<readonly Point[]>
  /** The same as text, with the stream server's own behind it. */
  text(): Promise<string>
}

export function metricsOf({ meter, home, plane }: Sources): Metrics {
  const lag = monitorEventLoopDelay({ resolution: 20 })
  lag.enable()
  const daemons = daemonsMeasured(home)

  const points = async () => {
    const census = new Meter()
    const [ofDaemons] = await Promise.all([daemons(), countSessions(census, plane)])
    sayOfRecovery(census, plane)
    sayOfProcess(census, lag.max / 1e9)
    lag.reset()
    return [...meter.points(), ...census.points(), ...ofDaemons]
  }
  return {
    points,
    text: async () => {
      const [own, streams] = await Promise.all([points(), streamServerText(plane)])
      return prometheusText(own) + streams
    },
    [Symbol.dispose]: () => lag.disable(),
  }
}

async function countSessions(census: Meter, plane: Sources["plane"]): Promise<void> {
  for (const status of STATUSES) census.set("agentz_sessions", 0, { status })
  const counts = new Map<string, number>()
  let unpushed = 0
  let cursor: string | undefined
  do {
    const page = await plane.listSessions({ limit: PAGE, cursor })
    for (const { status } of page.sessions) counts.set(status, (counts.get(status) ?? 0) + 1)
    unpushed += page.sessions.filter(isUnpushed).length
    cursor = page.cursor
  } while (cursor !== undefined)
  for (const [status, count] of counts) census.set("agentz_sessions", count, { status })
  census.set("agentz_unpushed_sessions", unpushed)
}

const isUnpushed = ({ activity, ...entry }: RegistryEntry): boolean =>
  pushTargetOf(entry) !== undefined && activity?.push != null && activity.push.checkpoint < activity.push.of

function sayOfRecovery(census: Meter, plane: Sources["plane"]): void {
  const { recovered, lost, waiting } = plane.recovery()
  for (const [state, count] of Object.entries({ recovered, lost, waiting }))
    census.set("agentz_recovery_sessions", count, { state })
}

function sayOfProcess(census: Meter, lagSeconds: number): void {
  const { user, system } = process.cpuUsage()
  census.set("agentz_info", 1, { version })
  census.set("process_resident_memory_bytes", process.memoryUsage.rss())
  census.set("process_cpu_seconds_total", (user + system) / 1e6)
  census.set("process_start_time_seconds", Math.round(Date.now() / 1000 - process.uptime()))
  census.set("nodejs_eventloop_lag_seconds", lagSeconds)
}

/**
 * Asks the daemons that have a run file. A sum over processes that come and go must not sink, so what a daemon
 * counted is kept when it is gone.
 */
function daemonsMeasured(home: Sources["home"]): () => Promise<readonly Point[]> {
  const gone: Point[] = []
  let last = new Map<string, readonly Point[]>()
  return async () => {
    const names = await readdir(home.runDir).catch(() => [])
    const answers = await Promise.all(names.map((name) => askDaemon(home, name)))
    const living = new Map(answers.flatMap((answer) => (answer === null ? [] : [answer])))
    for (const [key, points] of last) if (!living.has(key)) gone.push(...points.filter(isLasting))
    gone.splice(0, gone.length, ...summed(gone))
    last = living
    const count = new Meter()
    count.set("agentz_daemons", living.size)
    return [...summed([...gone, ...[...living.values()].flat()]), ...count.points()]
  }
}

const isLasting = ({ name }: Point) => MEASURES[name].kind !== "gauge"

async function askDaemon(
  home: Sources["home"],
  fileName: string,
): Promise<readonly [key: string, points: readonly Point[]] | null> {
  const id = SessionId.safeParse(fileName.replace(/[.]json$/, ""))
  const run = id.success ? readRunFile(`${home.runDir}/${fileName}`, DaemonRun) : null
  if (run === null || !id.success) return null
  const answer = await askControlSocket(socketIn(home.path, run), PATIENCE_MS)
  return answer === null ? null : [`${run.sessionId} ${run.epoch}`, answer.measured ?? []]
}

/** Empty where the server is not ours, or away: that it is away says `/readyz`. */
async function streamServerText({ streams }: Sources["plane"]): Promise<string> {
  const { url, token, pid } = streams()
  if (pid === null || token === null) return ""
  try {
    const answer = await fetch(new URL("/metrics", url), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    return answer.ok ? await answer.text() : ""
  } catch {
    return ""
  }
}
