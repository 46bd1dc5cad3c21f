import { streamsRunFileOf } from "#daemon/home"
import { keepCapped } from "#daemon/log-cap"
import { readRunFile, ServerRun } from "#daemon/run-file"
import type { Exporter } from "#daemon/telemetry/exporter"
import { exporterFor } from "#daemon/telemetry/exporter-for"
import { Meter } from "#daemon/telemetry/meter"
import { agentEnvironment, type Config, isLoopback } from "../../config.ts"
import { countedLog } from "../../health/counted-log.ts"
import { metricsOf } from "../../health/metrics.ts"
import { readinessOf } from "../../health/readiness.ts"
import type { Home } from "../../home.ts"
import { freshCode } from "../../http/fresh-code.ts"
import { type ApiServer, PortTakenError } from "../../http/server.ts"
import { both, errorFields, jsonLog, type Log, logFile } from "../../log.ts"
import { callerOf } from "../../mcp/tokens.ts"
import { version } from "../../package-root.ts"
import type { ControlPlane } from "../../plane.ts"
import { callable, portHolder, takenSentence } from "../../port-holder.ts"
import { readApiRun, writeApiRun } from "../../run-file.ts"
import { storageSentence } from "../../storage.ts"
import { openToken } from "../../token.ts"
import { defineCommand } from "../command.ts"
import { ending, type Io } from "../io.ts"
import { painter } from "../terminal.ts"

export const up = defineCommand({
  name: "up",
  summary: "serves the API and the web UI here; starts what is missing",
  positionals: [],
  flags: { "no-open": { type: "boolean", help: "do not open a browser" } },
  json: "when ready print one line {url, api, token, pid, streamsUrl, streamsPid}",
  more: "Sessions do not depend on it: it can be stopped and started at any time.",
  async run({ values, json, io, deps }) {
    const config = deps.config()
    const home = await deps.openHome(config.home)
    const token = await openToken(config, home)

    const running = await alreadyUp(config, home, token)
    if (running !== null) {
      io.stdout.write(json ? `${JSON.stringify(running)}\n` : alreadyPage(running, io))
      return 0
    }

    // A person at a terminal is not shown our log; a service's belongs to its stderr as well.
    using own = logFile(home.apiLog)
    using _capped = keepCapped(home.apiLog)
    const meter = new Meter()
    const said = io.stderr.isTTY ? own.log : both(own.log, jsonLog(io.stderr))
    let exporter: Exporter | null = null
    const log = countedLog(said, meter, () => exporter)
    await using plane = await deps.openPlane(config, { watch: true, log })
    using metrics = metricsOf({ meter, home, plane })
    await using exporting = await exporterFor(agentEnvironment(), {
      version,
      signals: ["traces", "metrics"],
      points: () => metrics.points(),
      onTrouble: (trouble) =>
        said({ level: "warn", event: "telemetry", message: trouble ?? "It is taken again." }),
    })
    exporter = exporting
    await using api = await deps.serveApi({
      config,
      plane,
      streams: () => plane.streams(),
      token,
      mcpCaller: (given) => callerOf(home.path, given, deps.now()),
      uiDir: deps.uiDir,
      log,
      health: { meter, ready: readinessOf(home, () => plane.streams()), metrics: () => metrics.text() },
    })
    if (!isLoopback(config.host) && config.publicUrl?.startsWith("https:") !== true) {
      log({ level: "warn", event: "no_tls", host: config.host })
      io.stderr.write(NO_TLS)
    }
    if (process.pid === 1) {
      log({ level: "warn", event: "no_reaper" })
      io.stderr.write(NO_REAPER)
    }
    // Until here a signal just ends the process: there is nothing to take back yet.
    using life = ending(io)
    const { url: streamsUrl, pid: streamsPid } = plane.streams()
    await using _run = await writeApiRun(home.apiRunFile, { url: api.url, streamsUrl, streamsPid })

    const ready: Ready = {
      url: linkOf(config.publicUrl ?? api.url, api.newCode()),
      api: api.url,
      token,
      pid: process.pid,
      streamsUrl,
      streamsPid,
    }
    io.stdout.write(json ? `${JSON.stringify(ready)}\n` : readyPage(ready, home, io))
    const opens = !json && values["no-open"] !== true && io.stdout.isTTY && io.terminal.browser
    // A link of its own: the printed one stays good for another browser.
    if (opens) deps.openBrowser(linkOf(api.url, api.newCode()))

    using _storage = sayStorage(plane, json ? null : io, log)
    await life.ended
    if (!json)
      io.stdout.write("\nagentz is stopping. Sessions go on without it; `agentz up` brings it back.\n")
    return 0
  },
})

const STORAGE_LOOK_MS = 2_000

/** Says so when what sessions say does not reach their streams, and when it does again. */
function sayStorage(plane: Pick<ControlPlane, "storage">, io: Io | null, log: Log): Disposable {
  let said = ""
  const look = async () => {
    const report = await plane.storage()
    const kind = `${report.behind.length > 0} ${report.trouble?.failures ?? 0}`
    if (kind === said || (said === "" && storageSentence(report) === "")) return
    said = kind
    const sentence = storageSentence(report) || "Storage is up to date again: nothing was lost."
    log({ event: "storage", behind: report.behind.length, failures: report.trouble?.failures ?? 0, sentence })
    io?.stdout.write(`${sentence}\n`)
  }
  const timer = setInterval(
    () => void look().catch((error: unknown) => log({ event: "storage_look_failed", ...errorFields(error) })),
    STORAGE_LOOK_MS,
  )
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
const NO_TLS =
  "Other machines can reach agentz, and without TLS whoever is on the way reads the token: put a TLS proxy in front " +
  "and set AGENTZ_PUBLIC_URL to its https address (docs/security.md).\n"

/** Nobody's children but its own are waited for by Node. */
const NO_REAPER =
  "agentz is process 1 here, and what its sessions leave behind stays in the process table: give the container a reaper, " +
  "such as `docker run --init` (docs/chaos.md).\n"

interface Ready {
  /** The UI, with a sign-in code. */
  readonly url: string
  readonly api: ApiServer["url"]
  readonly token: string
  readonly pid: number
  readonly streamsUrl: string | null
  readonly streamsPid: number | null
}

const linkOf = (base: string, code: string) => `${base}/?code=${code}`

/** What `up` would have said, when it serves this home on this port already. Throws when the port is another's. */
async function alreadyUp(config: Config, home: Home, token: string): Promise<Ready | null> {
  const { host, port } = config
  const holder = port === 0 ? null : await portHolder(host, port)
  if (holder === null) return null
  const code = holder.kind === "agentz" ? await freshCode(host, port, token) : null
  if (holder.kind !== "agentz" || code === null)
    throw new PortTakenError(takenSentence(port, holder, "AGENTZ_PORT"))
  // The stream server may have been started again since the API was: its own run file knows.
  const own = config.streamsUrl === null ? readRunFile(streamsRunFileOf(home.path), ServerRun) : null
  const then = await readApiRun(home.apiRunFile)
  const name = callable(host)
  const api = `http://${name.includes(":") ? `[${name}]` : name}:${port}`
  return {
    url: linkOf(config.publicUrl ?? api, code),
    api,
    token,
    pid: holder.pid,
    streamsUrl: own?.url ?? then?.streamsUrl ?? null,
    streamsPid: own?.pid ?? then?.streamsPid ?? null,
  }
}

function readyPage({ url, pid }: Ready, home: Home, io: Io): string {
  if (!io.stdout.isTTY) return `agentz ${version} is ready (pid ${pid})\n${url}\n`
  const paint = painter(io.stdout, io)
  const row = (name: string, text: string) => `  ${paint("dim", name.padEnd(7))}${text}\n`
  return `
  ${paint("bold", "agentz")} ${paint("dim", version)}

${row("Open", paint("cyan", url))}${row("", paint("dim", "signs one browser in, within ten minutes; agentz up prints another"))}${row("Home", home.path)}${row("Try", 'agentz run "…"   agentz ls   agentz doctor')}${row("Stop", "Ctrl-C: sessions go on without it")}
`
}

function alreadyPage({ url, pid }: Ready, io: Io): string {
  const paint = painter(io.stdout, io)
  return `agentz is running already (pid ${pid}). A fresh link:\n${paint("cyan", url)}\n`
}
