/**
 * The stream server that this home uses: another one that the user named, or our own in a detached process that
 * outlives the API. Whoever needs it and finds none starts it; of several who do, the data directory's lock lets
 * one through and the others find that one.
 */
import { endpointOf } from "#daemon/endpoint"
import { streamsRunFileOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { readRunFile, removeRunFile, ServerRun, writeRunFile } from "#daemon/run-file"
import type { KnownStreams } from "#daemon/spec"
import { ensureStreamServer, liveStreamServer, StreamServerDown } from "#daemon/stream-server/ensure"
import type { FindEndpoint } from "#streams/transport"
import type { Config } from "./config.ts"
import type { Home } from "./home.ts"
import type { Log } from "./log.ts"
import { programFile } from "./package-root.ts"
import { Problem } from "./problem.ts"
import { type RunningStreamServer, recordDeath, serveStreams } from "./stream-server.ts"
import { openStreamsToken } from "./token.ts"

export interface StreamServerInUse {
  readonly endpoint: FindEndpoint
  /** What a daemon is told; `fixed` for a server that the user named. */
  readonly known: () => KnownStreams
  /** Of our own server while it lives. */
  readonly pid: () => number | null
  /** Makes sure that it answers; starts it where it is ours and dead. Throws {@link Problem}. */
  ensure(): Promise<void>
}

const DEFAULT_PORT = 4201

export async function streamServerOf(config: Config, home: Home, log: Log): Promise<StreamServerInUse> {
  const { streamsUrl, streamsToken } = config
  if (streamsUrl !== null) {
    const known = { url: streamsUrl, token: streamsToken, fixed: true }
    return {
      endpoint: () => known,
      known: () => known,
      pid: () => null,
      ensure: async () => undefined,
    }
  }
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
    known: () => ({ ...endpoint(), fixed: false, launch: { main: mainFile, port: config.streamsPort } }),
    pid: () => liveStreamServer(home.path)?.pid ?? null,
    ensure() {
      starting ??= ensureOwn(config, home, log).finally(() => {
        starting = null
      })
      return starting
    },
  }
}

const mainFile = programFile("streams")

async function ensureOwn(config: Config, home: Home, log: Log): Promise<void> {
  try {
    await ensureStreamServer({
      home: home.path,
      main: mainFile,
      port: config.streamsPort,
      token: config.streamsToken,
      onStart: (pid) => log({ event: "streams_starting", pid }),
      onDeath: (death) => {
        log({ event: "streams_killed", ...death })
        void recordDeath(home.streamsDir, death)
      },
    })
  } catch (error) {
    if (!(error instanceof StreamServerDown)) throw error
    throw new Problem("storage_unavailable", error.message, { cause: error })
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
