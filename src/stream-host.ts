/**
 * The stream server that this home uses: another one that the user named, or our own in a detached process that
 * outlives the API. Whoever needs it and finds none starts it; of several who do, the data directory's lock lets
 * one through and the others find that one.
 */
import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { endpointOf } from "#daemon/endpoint"
import { streamsRunFileOf } from "#daemon/home"
import { identityOf, isSame } from "#daemon/process/identity"
import { readRunFile, removeRunFile, ServerRun, writeRunFile } from "#daemon/run-file"
import { type Endpoint, type FindEndpoint, wait } from "#streams/transport"
import { agentEnvironment, type Config } from "./config.ts"
import type { Home } from "./home.ts"
import type { Log } from "./log.ts"
import { packageRoot } from "./package-root.ts"
import { Problem } from "./plane.ts"
import { type RunningStreamServer, recordDeath, serveStreams } from "./stream-server.ts"
import { openStreamsToken } from "./token.ts"

export interface StreamServerInUse {
  readonly endpoint: FindEndpoint
  /** What a daemon is told; `fixed` for a server that the user named. */
  readonly known: () => Endpoint & { readonly fixed: boolean }
  /** Of our own server while it lives. */
  readonly pid: () => number | null
  /** Makes sure that it answers; starts it where it is ours and dead. Throws {@link Problem}. */
  ensure(): Promise<void>
}

const START_LIMIT_MS = 15_000
const DEFAULT_PORT = 4201

export async function streamServerOf(config: Config, home: Home, log: Log): Promise<StreamServerInUse> {
  const { streamsUrl, streamsToken } = config
  if (streamsUrl !== null) {
    const known = { url: streamsUrl, token: streamsToken, fixed: true }
    return { endpoint: () => known, known: () => known, pid: () => null, ensure: async () => undefined }
  }
  const runFile = streamsRunFileOf(home.path)
  const token = await openStreamsToken(config, home)
  const none = {
    url: `http://127.0.0.1:${config.streamsPort || DEFAULT_PORT}/v1/stream`,
    token,
    fixed: false,
  }
  const endpoint = endpointOf(home.path, none)
  let starting: Promise<void> | null = null
  return {
    endpoint,
    known: () => ({ ...endpoint(), fixed: false }),
    pid: () => liveRun(runFile)?.pid ?? null,
    ensure() {
      starting ??= ensureOwn(config, home, runFile, log).finally(() => {
        starting = null
      })
      return starting
    },
  }
}

const liveRun = (runFile: string): ServerRun | null => {
  const run = readRunFile(runFile, ServerRun)
  return run && isSame(run) ? run : null
}

async function ensureOwn(config: Config, home: Home, runFile: string, log: Log): Promise<void> {
  const before = liveRun(runFile)
  if (before && (await answers(before.url))) return
  const logFile = join(home.path, "streams.log")
  const child = before ? null : startDetached(config, home, logFile)
  if (child) log({ event: "streams_starting", pid: child.pid })
  const limit = performance.now() + START_LIMIT_MS
  let exited: number | null = null
  child?.once("exit", (code, signal) => {
    exited = code ?? 1
    if (signal !== null && child.pid !== undefined)
      void recordDeath(home.streamsDir, { pid: child.pid, signal })
  })
  while (performance.now() < limit) {
    const run = liveRun(runFile)
    if (run && (await answers(run.url))) return
    // Ours may have found another one just starting: that one is waited for. Else nobody comes any more.
    if (exited !== null && run === null && exited !== BUSY) break
    await wait(25)
  }
  throw new Problem("storage_unavailable", `The stream server does not start: ${lastWordsOf(logFile)}`)
}

/** Exit code of a stream server that found another one on its data directory. */
export const BUSY = 75

function startDetached(config: Config, home: Home, logFile: string) {
  const fd = openSync(logFile, "a", 0o600)
  try {
    const { PATH = "", HOME = "" } = agentEnvironment()
    const child = spawn(process.execPath, [join(packageRoot, "dist/src/stream-server-main.js")], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", fd, fd],
      env: { PATH, HOME, AGENTZ_HOME: home.path, AGENTZ_STREAMS_PORT: String(config.streamsPort) },
    })
    child.unref()
    return child
  } finally {
    closeSync(fd)
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL("/healthz", url), { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false // Not answering is the answer that was asked for.
  }
}

function lastWordsOf(logFile: string): string {
  const line = readFileSync(logFile, "utf8").trimEnd().split("\n").at(-1) ?? ""
  try {
    const { error, message } = JSON.parse(line)
    return `${error ?? message ?? line}`
  } catch {
    return line || `see ${logFile}.`
  }
}

/** Serves this home's own streams in this process and says so in the run file until it is closed. */
export async function holdOwnStreams(
  home: Home,
  options: {
    readonly port: number
    readonly token: string
    readonly log: Log
    readonly onFatal: (error: Error) => void
  },
): Promise<RunningStreamServer> {
  const runFile = streamsRunFileOf(home.path)
  const serve = (port: number) =>
    serveStreams({
      dataDir: home.streamsDir,
      port,
      token: options.token,
      log: options.log,
      onFatal: options.onFatal,
    })
  // With any port allowed, the one of last time is tried first: whoever follows finds the server without looking.
  const last = Number(new URL(readRunFile(runFile, ServerRun)?.url ?? "http://127.0.0.1:0").port)
  const wanted = options.port === 0 ? last : options.port
  const server = await serve(wanted).catch((error: unknown) => {
    const taken = error instanceof Error && "code" in error && error.code === "port_in_use"
    if (taken && (options.port === 0 || options.port === DEFAULT_PORT)) return serve(0)
    throw error
  })
  const identity = identityOf(process.pid)
  if (!identity) throw new Error("The system does not tell when this process started.")
  writeRunFile(runFile, { ...identity, url: server.url, token: options.token })
  const close = async () => {
    removeRunFile(runFile, process.pid)
    await server.close()
  }
  return { url: server.url, port: server.port, close, [Symbol.asyncDispose]: close }
}
