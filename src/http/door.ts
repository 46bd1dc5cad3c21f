/**
 * The guard in front of everything. A web page that the person visits, a rebound DNS name or another user of the
 * machine must not get past it, because whoever does can start processes. Pure: it judges what the request says.
 */
import type { IncomingMessage } from "node:http"
import type { Refusal } from "./answer.ts"

export interface DoorRules {
  /** What `Host` may be, in small letters, with the port. */
  readonly hosts: ReadonlySet<string>
  /** What `Origin` may be. */
  readonly origins: ReadonlySet<string>
  /** Those of `hosts` that a browser reaches by https. */
  readonly secureHosts: ReadonlySet<string>
}

/** Where the listener can be reached, by name and port, and where a proxy in front of it can be. */
export function doorRules(host: string, port: number, publicUrl: string | null = null): DoorRules {
  const names = ["127.0.0.1", "localhost", "[::1]", host.includes(":") ? `[${host}]` : host]
  const hosts = names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]))
  const origins = hosts.map((name) => `http://${name}`)
  if (publicUrl === null) return { hosts: new Set(hosts), origins: new Set(origins), secureHosts: new Set() }
  const { host: name, origin, protocol } = new URL(publicUrl)
  const secure = protocol === "https:"
  return {
    hosts: new Set([...hosts, name]),
    origins: new Set([...origins, origin]),
    secureHosts: new Set(secure ? [name] : []),
  }
}

/** Whether the browser reached us by https, through the proxy in front: its `Host` says so, which the guard checks. */
export const cameSecurely = ({ headers }: IncomingMessage, { secureHosts }: DoorRules): boolean =>
  secureHosts.has(headers.host?.toLowerCase() ?? "")

/** Where a request wants to go, after the door. `null`: nothing of that shape exists here. */
export interface Target {
  readonly path: string
  readonly search: string
}

/** What kind of answer is behind a path: they differ in what the door asks for. */
export type Area = "health" | "metrics" | "trpc" | "mcp" | "stream" | "api" | "ui"

export function areaOf(path: string): Area {
  if (path === "/healthz" || path === "/readyz") return "health"
  if (path === "/metrics") return "metrics"
  if (path === "/trpc" || path.startsWith("/trpc/")) return "trpc"
  if (path === "/mcp") return "mcp"
  if (path === "/v1" || path.startsWith("/v1/")) return "stream"
  if (path === "/api" || path.startsWith("/api/")) return "api"
  return "ui"
}

const METHODS: Record<Area, readonly string[]> = {
  health: ["GET", "HEAD"],
  metrics: ["GET", "HEAD"],
  trpc: ["GET", "POST"],
  mcp: ["POST"],
  stream: ["GET", "HEAD"],
  api: ["POST"],
  ui: ["GET", "HEAD"],
}

/** The path and query of a request line, or `null` when it is not a plain one. Dots and escapes are never resolved. */
export function targetOf(url: string | undefined): Target | null {
  if (url === undefined || !/^\/(?!\/)[\x21-\x7e]*$/.test(url) || url.includes("\\")) return null
  const [path = "", ...query] = url.split("?")
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return null
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a path
  if (/[\x00-\x1f\x7f\\]/.test(decoded) || /%2f/i.test(path)) return null
  if (decoded.split("/").some((segment) => segment === "." || segment === "..")) return null
  return { path, search: query.length === 0 ? "" : `?${query.join("?")}` }
}

/** Why this request is turned away before anybody looks at who sent it; `null` lets it pass. */
export function guard(request: IncomingMessage, target: Target | null, rules: DoorRules): Refusal | null {
  const { method = "", headers } = request
  const hosts = request.headersDistinct.host ?? []
  if (hosts.length !== 1 || !rules.hosts.has(hosts[0]?.toLowerCase() ?? ""))
    return refusal(421, "wrong_host", `This is agentz; it answers only at ${[...rules.origins][0]}.`)
  if (target === null)
    return refusal(400, "bad_path", "That address is not well-formed; nothing here is named like it.")
  if (headers.origin !== undefined && !rules.origins.has(headers.origin))
    return refusal(403, "foreign_origin", "Another site may not talk to agentz.")
  const area = areaOf(target.path)
  const site = headers["sec-fetch-site"]
  if (site !== undefined && site !== "none" && site !== "same-origin" && !isPlainVisit(request, target, area))
    return refusal(
      403,
      "foreign_site",
      "Another site may not send you here: open the address by typing or pasting it.",
    )
  if (!METHODS[area].includes(method))
    return refusal(405, "method_not_allowed", `Only ${METHODS[area].join(" and ")} can be used here.`)
  if ((area === "trpc" && method === "POST") || area === "mcp") return guardBody(request)
  return null
}

/** A link on another page may open the UI in a tab of its own: that changes nothing and shows nothing to that page. */
const isPlainVisit = ({ method, headers }: IncomingMessage, { search }: Target, area: Area): boolean =>
  area === "ui" &&
  (method === "GET" || method === "HEAD") &&
  headers["sec-fetch-mode"] === "navigate" &&
  headers["sec-fetch-dest"] === "document" &&
  !new URLSearchParams(search).has("code")

/** tRPC takes forms and raw bytes too, which any page can post without asking first. MCP is JSON as well. */
function guardBody({ headersDistinct, headers }: IncomingMessage): Refusal | null {
  const types = headersDistinct["content-type"] ?? []
  if (types.length !== 1 || types[0]?.split(";", 1)[0]?.trim().toLowerCase() !== "application/json")
    return refusal(415, "unsupported_media_type", "Send the input as application/json.")
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    return refusal(415, "unsupported_media_type", "Send the input without compression.")
  return null
}

const refusal = (status: number, reason: string, message: string): Refusal => ({ status, reason, message })
