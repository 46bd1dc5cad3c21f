/**
 * Where an agent that is a process of its own reaches its notes: on loopback, with a token that no file holds, which opens
 * the notes of this very session and nothing else, for as long as its daemon lives.
 */
import { randomBytes, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import type { McpServer } from "../mcp-server.ts"
import type { DaemonSpec } from "../spec.ts"
import type { NoteTools } from "./notes.ts"
import { CHECKPOINT, PRIME } from "./told.ts"

/** What the agent knows it by. A server of that name which the user gave the session goes before it. */
const NOTES_SERVER = "agentz-notes"

/** What Claude Code calls the tools in its questions; none where another server has the name. */
export function noteToolsFor({
  notes,
  mcpServers = [],
}: Pick<DaemonSpec, "notes" | "mcpServers">): ReadonlySet<string> {
  const ours = notes !== false && mcpServers.every(({ name }) => name !== NOTES_SERVER)
  return new Set(ours ? [CHECKPOINT, PRIME].map(({ name }) => `mcp__${NOTES_SERVER}__${name}`) : [])
}

export interface NotesServer extends AsyncDisposable {
  readonly server: OwnServer
}

/** As the agent is told it: by its address, or as a program where it reaches none. */
export interface OwnServer {
  readonly name: string
  readonly http: Extract<McpServer, { type: "http" }>
  readonly stdio: Extract<McpServer, { type: "stdio" }>
}

export const newNotesToken = (): string => randomBytes(32).toString("base64url")

const BRIDGE = fileURLToPath(new URL("./bridge.js", import.meta.url))

const MOST_BYTES = 256 * 1024

export async function serveNotes(notes: NoteTools, token: string): Promise<NotesServer> {
  const listener = createServer((request, response) => {
    answerTo(request, response, { notes, token, host: hostOf(listener.address() as AddressInfo) }).catch(() =>
      response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject)
    listener.listen(0, "127.0.0.1", resolve)
  })
  // A daemon that has nothing else to do may end.
  listener.unref()
  const url = `http://${hostOf(listener.address() as AddressInfo)}/mcp`
  return {
    server: {
      name: NOTES_SERVER,
      http: { type: "http", name: NOTES_SERVER, url, headers: { authorization: `Bearer ${token}` } },
      stdio: {
        ...{ type: "stdio", name: NOTES_SERVER, command: process.execPath, args: [BRIDGE] },
        env: { AGENTZ_NOTES_URL: url, AGENTZ_NOTES_TOKEN: token },
      },
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
}

const hostOf = ({ port }: AddressInfo): string => `127.0.0.1:${port}`

interface Served {
  readonly notes: NoteTools
  readonly token: string
  readonly host: string
}

async function answerTo(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const refused = refusalOf(request, served)
  if (refused !== null) {
    response.writeHead(refused, { connection: "close" }).end()
    return
  }
  const body = await bodyOf(request)
  if (body === null) {
    response.writeHead(413, { connection: "close" }).end()
    return
  }
  // Loaded with the first request: most agents never make one.
  const { notesMcp } = await import("#daemon/notes/mcp")
  const { WebStandardStreamableHTTPServerTransport: Transport } = await import(
    "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
  )
  const transport = new Transport({ enableJsonResponse: true })
  const mcp = notesMcp(served.notes)
  response.once("close", () => void mcp.close())
  await mcp.connect(transport)
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string") headers.set(name, value)
  const asked = new Request(`http://${served.host}/mcp`, { method: "POST", headers, body })
  const answer = await transport.handleRequest(asked)
  const type = answer.headers.get("content-type") ?? "application/json"
  response.writeHead(answer.status, { "content-type": type }).end(await answer.text())
}

/** Any user of this machine and any page of a browser may try. */
function refusalOf({ method, url, headers }: IncomingMessage, { token, host }: Served): number | null {
  if (headers.host !== host || headers.origin !== undefined) return 403
  if (!isSame(headers.authorization ?? "", `Bearer ${token}`)) return 401
  if (url !== "/mcp") return 404
  return method === "POST" ? null : 405
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** `null`: there is too much of it. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MOST_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}
