import { setMaxListeners } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Crowd } from "./crowd.ts"
import { prepareDataDir } from "./data-dir.ts"
import { Door } from "./door.ts"
import { Engine } from "./engine.ts"
import { CrowdedError, EngineError, PortInUseError } from "./errors.ts"
import { REQUEST_BYTES } from "./limits.ts"
import { DirLock } from "./lock.ts"
import { sendError } from "./protocol/answer.ts"
import { Routes } from "./protocol/routes.ts"
import { Refusal } from "./refusal.ts"
import { Soundness } from "./soundness.ts"
import { openStore } from "./store.ts"
import { Subscriptions } from "./subscriptions/subscriptions.ts"

export { compactStreams } from "./compact.ts"
export { EngineError } from "./errors.ts"
export { recordDeath } from "./last-run.ts"

export interface StreamServerOptions {
  /** Created for this user alone; one server at a time. */
  readonly dataDir: string
  readonly host?: string
  /** 0 for any free port. */
  readonly port?: number
  /** `null` serves without a token, on loopback only: for conformance suites. */
  readonly token: string | null
  /** Further `name:port` pairs clients may write in `Host`. */
  readonly allowedHosts?: readonly string[]
  readonly log?: (line: Record<string, unknown>) => void
  /** The store is no longer to be trusted in this process: exit, and start again. */
  readonly onFatal?: (error: Error) => void
  readonly longPollMs?: number
  readonly stallMs?: number
  readonly requestBytes?: number
}

export interface StreamServer extends AsyncDisposable {
  /** Ends in `/v1/stream`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"])

/**
 * Opens the directory and serves its streams. Rejects with an `EngineError` when the directory is in use, not
 * ours alone or damaged.
 */
export async function serveStreams(options: StreamServerOptions): Promise<StreamServer> {
  const host = options.host ?? "127.0.0.1"
  if (options.token === null && !LOOPBACK.has(host)) {
    throw new EngineError(
      "token_needed",
      "Without a token the stream server listens on loopback only. Set a token.",
    )
  }
  const log = options.log ?? (() => undefined)
  prepareDataDir(options.dataDir)
  const lock = DirLock.take(options.dataDir)
  try {
    const soundness = new Soundness({ dir: options.dataDir, log })
    const store = await openStore(options.dataDir, soundness.plan.before)
    let engine: Engine | null = null
    try {
      engine = new Engine({ store, log, onFatal: options.onFatal ?? exitOnFatal })
      soundness.serve(store, engine)
      return await listen({ options, host, engine, soundness, lock, log })
    } catch (error) {
      soundness.stopWalk()
      await (engine ?? store).close()
      if (engine) soundness.closed()
      throw error
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

interface Parts {
  readonly options: StreamServerOptions
  readonly host: string
  readonly engine: Engine
  readonly soundness: Soundness
  readonly lock: DirLock
  readonly log: (line: Record<string, unknown>) => void
}

async function listen({ options, host, engine, soundness, lock, log }: Parts): Promise<StreamServer> {
  const stopping = new AbortController()
  // Every live reader listens.
  setMaxListeners(0, stopping.signal)
  const server = createServer({
    keepAliveTimeout: 65_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
  })
  const crowd = new Crowd(server)
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(isPortTaken(error) ? new PortInUseError(options.port ?? 0) : error),
    )
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const name = host.includes(":") ? `[${host}]` : host
  const names = LOOPBACK.has(host) ? ["127.0.0.1", "localhost", "[::1]"] : [name]
  const origin = `http://${name}:${port}`
  const subscriptions = new Subscriptions(engine, origin)
  const routes = new Routes({
    engine,
    gauges: () => ({ ...engine.gauges(), ...soundness.gauges() }),
    subscriptions,
    door: new Door({
      token: options.token,
      hosts: new Set([...names.map((each) => `${each}:${port}`), ...(options.allowedHosts ?? [])]),
    }),
    origin,
    insecure: options.token === null,
    requestBytes: options.requestBytes ?? REQUEST_BYTES,
    waitMs: options.longPollMs ?? 15_000,
    stallMs: options.stallMs ?? 10_000,
    stopping: stopping.signal,
    failed: failedWith(log),
  })
  server.on("connection", (socket) => {
    engine.metrics.count("connections_opened")
    socket.once("close", () => engine.metrics.count("connections_closed"))
  })
  server.on("request", (request, response) => {
    if (crowd.isBeyond(request.socket)) {
      response.setHeader("connection", "close")
      if (request.url !== "/healthz") {
        request.resume()
        sendError(response, new CrowdedError())
        return
      }
    }
    routes.answer(request, response)
  })
  log({ event: "listening", port, streams: engine.catalog.byPath.size })

  let closing: Promise<void> | null = null
  const close = () => {
    closing ??= shutDown({ server, stopping, engine, soundness, subscriptions }).finally(() =>
      lock[Symbol.dispose](),
    )
    return closing
  }
  return { url: `${origin}/v1/stream`, port, close, [Symbol.asyncDispose]: close }
}

/** Answers a request that could not be served, and logs what nobody expected. */
const failedWith =
  (log: Parts["log"]) =>
  (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
    if (response.destroyed) return
    const status = sendError(response, error)
    if (status >= 500 && !(error instanceof Refusal)) {
      log({ event: "request_failed", method: request.method, status, reason: String(error) })
    }
  }

interface Running {
  readonly server: Server
  readonly stopping: AbortController
  readonly engine: Engine
  readonly soundness: Soundness
  readonly subscriptions: Subscriptions
}

/** Ends live readers, lets requests under way finish, then closes the store. */
async function shutDown({ server, stopping, engine, soundness, subscriptions }: Running): Promise<void> {
  subscriptions.stop()
  stopping.abort()
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), 2_000)
  await closed
  clearTimeout(cut)
  soundness.stopWalk()
  await engine.close()
  soundness.closed()
}

const isPortTaken = (error: Error) => "code" in error && error.code === "EADDRINUSE"

function exitOnFatal(error: Error): never {
  process.stderr.write(`${JSON.stringify({ event: "fatal", reason: error.message })}\n`)
  process.exit(70)
}
