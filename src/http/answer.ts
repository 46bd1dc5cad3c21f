/** How the listener answers: always with the same armour, and refusals always in the same shape. */
import { type ServerResponse, STATUS_CODES } from "node:http"

/** Why a request is turned away: a stable slug and a sentence that names the remedy. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly message: string
}

/**
 * What an agent writes is shown by the UI of this origin, and a script on this origin could start processes: so
 * nothing inline runs, nothing is framed, nothing is fetched from elsewhere. Styles may be inline because the
 * components that place menus and toasts add `<style>` elements of their own.
 */
const SECURITY = {
  "content-security-policy":
    "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
    "form-action 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const

export const securityHeaders: ReadonlyMap<string, string> = new Map(Object.entries(SECURITY))

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json; charset=utf-8", JSON.stringify(body))
}

export function sendHtml(response: ServerResponse, status: number, html: string): void {
  send(response, status, "text/html; charset=utf-8", html)
}

export function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = Buffer.from(text)
  response.statusCode = status
  response.setHeader("content-type", type)
  response.setHeader("content-length", body.byteLength)
  if (!response.hasHeader("cache-control")) response.setHeader("cache-control", "no-store")
  // HEAD has the headers of GET; Node leaves out the body itself.
  response.end(body)
}

/** JSON-RPC numbers that tRPC's client wants to see beside its codes. */
const TRPC_CODES: Readonly<Record<number, readonly [name: string, number: number]>> = {
  400: ["BAD_REQUEST", -32600],
  401: ["UNAUTHORIZED", -32001],
  403: ["FORBIDDEN", -32003],
  405: ["METHOD_NOT_SUPPORTED", -32005],
  413: ["PAYLOAD_TOO_LARGE", -32013],
  415: ["UNSUPPORTED_MEDIA_TYPE", -32015],
  503: ["SERVICE_UNAVAILABLE", -32603],
}

/**
 * Turns a request away. What came with it may be half read, so the connection ends. The shape is `{error: {reason,
 * message}}`, and what tRPC's client understands on top of it.
 */
export function refuse(response: ServerResponse, { status, reason, message }: Refusal): void {
  if (!response.headersSent && status !== 401) response.setHeader("connection", "close")
  if (status === 401) response.setHeader("www-authenticate", 'Bearer realm="agentz"')
  const [name, code] = TRPC_CODES[status] ?? [STATUS_CODES[status] ?? "ERROR", -32600]
  sendJson(response, status, {
    error: { reason, message, code, data: { code: name, httpStatus: status, reason } },
  })
}

/** A page for the moments when there is no UI to show. Plain text in, never markup. */
export function plainPage(title: string, paragraphs: readonly string[]): string {
  const lines = paragraphs.map((text) => `<p>${escaped(text)}</p>`).join("\n")
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto; padding: 0 1.5rem }
h1 { font-size: 1.25rem }
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${lines}
</main>
</body>
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}
const escaped = (text: string) => text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter)
