/** The one listener: the door first, then tRPC, the streams to read, and the UI's files. It holds no state of sessions. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import type { Meter } from "#daemon/telemetry/meter"
import type { Config } from "../config.ts"
import { alive } from "../health/alive.ts"
import { PROMETHEUS_TYPE } from "../health/prometheus.ts"
import type { Readiness } from "../health/readiness.ts"
import { errorFields, type Log } from "../log.ts"
import { type Caller, OWNER } from "../mcp/caller.ts"
import { mcpOverHttp } from "../mcp/http.ts"
import { isMcpToken } from "../mcp/tokens.ts"
import type { ControlPlane } from "../plane.ts"
import { callable, portHolder, takenSentence } from "../port-holder.ts"
import { type Refusal, refuse, securityHeaders, send, sendJson } from "./answer.ts"
import { connectionLimit } from "./connection-limit.ts"
import { countRequest } from "./counting.ts"
import {
  type Area,
  areaOf,
  cameSecurely,
  type DoorRules,
  doorRules,
  guard,
  type Target,
  targetOf,
} from "./door.ts"
import { files } from "./files.ts"
import { gateway, type StreamServer } from "./gateway.ts"
import { hooks } from "./hooks.ts"
import { liveStreams } from "./live.ts"
import { rpc } from "./rpc.ts"
import { bearerOf, type SignIn, signIn } from "./sign-in.ts"

export interface ApiOptions {
  readonly config: Pick<Config, "host" | "port"> & Partial<Pick<Config, "publicUrl">>
  readonly plane: ControlPlane
  /** Asked at each read: the stream server may come back under another address. */
  readonly streams: () => StreamServer
  readonly token: string
  /** Whose token of MCP that is; `null`: nobody's. */
  readonly mcpCaller: (token: string) => Promise<Caller | null>
  /** Where the built UI lies; it need not be there. */
  readonly uiDir: string
  readonly log: Log
  readonly health: Health
  readonly now?: () => number
}

/** What the listener can be asked about itself. */
export interface Health {
  readonly meter: Meter
  ready(): Promise<Readiness>
  /** For Prometheus. */
  metrics(): Promise<string>
}

export interface ApiServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string
  readonly port: number
  /** A code that signs one browser in: `${url}/?code=${code}`. */
  newCode(): string
  /** Ends open answers after a moment's grace. What was asked of daemons goes on. */
  close(): Promise<void>
}

/** The port is somebody else's. The message says whose and what to do. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError"
  readonly reason = "port_taken"
}

const GRACE_MS = 500

/** Serves until closed. Throws {@link PortTakenError} when it cannot listen there. */
export async function serveApi(options: ApiOptions): Promise<ApiServer> {
  const { config, log } = options
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: 5_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
  })
  server.maxConnections = connectionLimit()
  server.maxHeadersCount = 100
  server.on("clientError", answerMalformed)
  server.on("connect", (_request, socket) => closeWith(socket as Socket, "405 Method Not Allowed"))
  await listening(server, config)
  server.on("error", (error) => log({ level: "error", event: "listener_failed", ...errorFields(error) }))

  const { port } = server.address() as AddressInfo
  const rules = doorRules(config.host, port, config.publicUrl)
  const entry = signIn({
    token: options.token,
    port,
    now: options.now ?? Date.now,
    isSecure: (request) => cameSecurely(request, rules),
  })
  const handle = handler({ ...options, rules, entry })
  server.on("request", handle)

  const name = callable(config.host)
  const url = `http://${name.includes(":") ? `[${name}]` : name}:${port}`
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= closed(server)
    return closing
  }
  return { url, port, newCode: entry.newCode, close, [Symbol.asyncDispose]: close }
}

type Reach = ApiOptions & { readonly rules: DoorRules; readonly entry: SignIn }

function handler(reach: Reach) {
  const serveRpc = rpc(reach)
  const serveHook = hooks(reach.plane)
  const serveStream = gateway(reach.streams)
  const serveLive = liveStreams(reach.streams)
  const serveFile = files(reach.uiDir)
  const { rules, entry, log, health } = reach
  // A cookie will not do: no page has anything to say here.
  const callerOf = async (request: IncomingMessage) => {
    const token = bearerOf(request)
    if (entry.hasToken(request)) return OWNER
    return token === null ? null : await reach.mcpCaller(token)
  }
  const serveMcp = mcpOverHttp({ plane: reach.plane, callerOf, log })

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    target: Target | null,
  ): Promise<void> => {
    const refusal = guard(request, target, rules)
    if (refusal !== null || target === null) {
      if (refusal?.status === 405) response.setHeader("allow", "GET, HEAD, POST")
      refuse(response, refusal ?? UNKNOWN)
      return
    }
    const area = areaOf(target.path)
    if (!OPEN.has(area) && !entry.isKnown(request)) {
      refuse(response, isMcpToken(bearerOf(request) ?? "") ? MCP_ALONE : SIGN_IN)
      return
    }
    switch (area) {
      case "health":
        if (target.path === "/readyz") {
          const readiness = await health.ready()
          sendJson(response, readiness.ready ? 200 : 503, readiness)
        } else sendJson(response, 200, alive(reach.plane))
        return
      case "metrics":
        send(response, 200, PROMETHEUS_TYPE, await health.metrics())
        return
      case "trpc":
        await serveRpc(request, response, target)
        return
      case "hook":
        await serveHook(request, response, target)
        return
      case "mcp":
        await serveMcp(request, response)
        return
      case "stream":
        if (target.path === "/v1/live") serveLive(request, response, target)
        else serveStream(request, response, target)
        return
      case "api":
        serveCode(request, response, target, entry)
        return
      case "ui": {
        const code = target.path === "/" ? new URLSearchParams(target.search).get("code") : null
        if (code !== null && request.method === "GET") entry.exchange(code, request, response)
        else await serveFile(request, response, target)
      }
    }
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    for (const [key, value] of securityHeaders) response.setHeader(key, value)
    if (cameSecurely(request, rules)) response.setHeader("strict-transport-security", "max-age=31536000")
    response.on("error", () => response.destroy())
    const target = targetOf(request.url)
    countRequest(health.meter, { target, request }, response)
    answer(request, response, target).catch((error: unknown) => {
      log({ level: "error", event: "request_failed", path: request.url, ...errorFields(error, true) })
      if (!response.destroyed) refuse(response, BROKEN)
    })
  }
}

/** `POST /api/code`: for whoever has the token itself, as `agentz up` has; a cookie does not beget cookies. */
function serveCode(
  request: IncomingMessage,
  response: ServerResponse,
  { path }: Target,
  entry: SignIn,
): void {
  request.resume()
  if (path !== "/api/code") refuse(response, UNKNOWN)
  else if (!entry.hasToken(request)) refuse(response, SIGN_IN)
  else sendJson(response, 200, { code: entry.newCode() })
}

const listening = (server: Server, { host, port }: Pick<Config, "host" | "port">): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = async (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        reject(new PortTakenError(takenSentence(port, await portHolder(host, port), "AGENTZ_PORT")))
      else if (error.code === "EACCES")
        reject(
          new PortTakenError(
            `Port ${port} is kept for the system: set AGENTZ_PORT to one from 1024 to 65535.`,
          ),
        )
      else if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
        reject(
          new PortTakenError(
            `${host} is not an address of this machine: set AGENTZ_HOST to one, or unset it.`,
          ),
        )
      else reject(error)
    }
    server.once("error", fail)
    server.listen({ host, port }, () => {
      server.off("error", fail)
      resolve()
    })
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })

/** What the parser itself refuses. The socket may be gone already. */
function answerMalformed(error: NodeJS.ErrnoException, socket: import("node:stream").Duplex): void {
  if (error.code === "HPE_HEADER_OVERFLOW") closeWith(socket, "431 Request Header Fields Too Large")
  else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") closeWith(socket, "408 Request Timeout")
  else closeWith(socket, "400 Bad Request")
}

function closeWith(socket: import("node:stream").Duplex, status: string): void {
  socket.on("error", () => socket.destroy())
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  else socket.destroy()
}

/** They know by themselves whom to let in. */
const OPEN: ReadonlySet<Area> = new Set(["ui", "health", "mcp", "hook"])

const MCP_ALONE: Refusal = {
  status: 403,
  reason: "mcp_token_elsewhere",
  message: "A token of MCP opens /mcp and nothing else: use its tools, or the token of the home.",
}
const SIGN_IN: Refusal = {
  status: 401,
  reason: "unauthorized",
  message: "Sign in first: run `agentz up` for a fresh link, or send the token as `Authorization: Bearer …`.",
}
const UNKNOWN: Refusal = { status: 404, reason: "not_found", message: "There is nothing at that address." }
const BROKEN: Refusal = {
  status: 500,
  reason: "internal_error",
  message: "Something broke inside agentz. Nothing was lost; its log tells more.",
}
