/**
 * A stand-in for the server while the pages are built: it serves `dist/ui`, the `agent` procedures and the streams
 * from memory, with the same paths, headers and error shapes. It keeps its memory when it is cut off and put back.
 */
import { readFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { liveStreams } from "../../src/http/live.ts"
import type { AgentTypeInfo, SearchRequest, SessionView } from "../../src/plane.ts"
import { newSessionId } from "../../streams/ids.ts"
import { type SessionRow, sessionRowChange } from "../../streams/registry.ts"
import { FakeSession, fakeRow } from "./fake-session.ts"
import { searchItems } from "./search-items.ts"
import { StreamLog } from "./stream-log.ts"

const UI = fileURLToPath(new URL("../../dist/ui", import.meta.url))
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
}

const AGENTS: readonly AgentTypeInfo[] = [
  {
    type: "demo",
    title: "Demo",
    description: "Scripted, no key: edits real files and asks before it does.",
    found: true,
    version: "0.1.0",
    needs: [],
    defaultModel: null,
  },
  {
    type: "claude-code",
    title: "Claude Code",
    description: "Anthropic's coding agent.",
    found: false,
    version: null,
    needs: ["Install it: npm install -g @anthropic-ai/claude-code"],
    defaultModel: null,
  },
  {
    type: "cerebras",
    title: "Cerebras",
    description: "A model of an OpenAI-compatible API with agentz' own tools.",
    found: true,
    version: null,
    needs: ["Set CEREBRAS_API_KEY and start agentz again"],
    defaultModel: "qwen-3-coder-480b",
  },
]

class Refused extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

export class FakePlane {
  readonly registry = new StreamLog()
  readonly runs = new StreamLog()
  readonly sessions = new Map<string, FakeSession>()
  signedOut = false
  rules: readonly { readonly ruleId: string }[] = [
    {
      ruleId: "rul_one",
      scope: "directory",
      sessionId: "ses_one",
      workingDir: "/home/ada/code/agentz",
      agentType: "demo",
      kind: "execute",
      decision: "allow",
      description: "commands that begin with npm test",
      createdAt: new Date().toISOString(),
    } as { readonly ruleId: string },
  ]
  files: readonly string[] = ["README.md", "src/main.ts", "src/retry timer.ts", "streams/follow.ts"]
  readonly calls: { readonly name: string; readonly input: Record<string, unknown> }[] = []
  readonly #lists: ReadonlyMap<string, StreamLog> = new Map([
    ["__registry__", this.registry],
    ["__runs__", this.runs],
  ])
  readonly #live = liveStreams(() => ({ url: `${this.url}/v1/stream`, token: null }))
  /** Live connections that are open. */
  liveReaders = 0
  #server: Server | null = null
  #port = 0
  #spawned = new Map<string, string>()

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Gone at once, every socket with it. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  worktrees: readonly { readonly path: string; readonly removable: boolean }[] = []

  pruneWorktrees(dryRun: boolean) {
    const removed = this.worktrees.filter(({ removable }) => removable)
    const kept = this.worktrees.filter(({ removable }) => !removable)
    if (!dryRun) this.worktrees = kept
    return { dryRun, removed, kept }
  }

  add(row: Partial<SessionRow> & { readonly title: string }, sessionId = newSessionId()): FakeSession {
    const session = new FakeSession(fakeRow(sessionId, row), this.registry)
    this.sessions.set(sessionId, session)
    this.registry.append(sessionRowChange(session.row))
    return session
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url)
    response.setHeader("content-security-policy", CSP)
    if (pathname.startsWith("/trpc/")) return this.#call(request, response, pathname.slice(6), searchParams)
    if (pathname === "/v1/live") {
      if (this.signedOut) return void response.writeHead(401).end()
      return this.#follow(request, response)
    }
    if (pathname.startsWith("/v1/stream/")) {
      if (this.signedOut) return void response.writeHead(401).end()
      const name = pathname.slice("/v1/stream/".length)
      const log = this.#lists.get(name) ?? this.sessions.get(name.split("/")[0] ?? "")?.events
      if (!log) return void response.writeHead(404).end()
      return log.read(response, searchParams)
    }
    const asset = extname(pathname) !== "" && !pathname.includes("..")
    const file = join(UI, asset ? pathname : "index.html")
    const body = await readFile(file).catch(() => null)
    if (!body) return void response.writeHead(404).end()
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body)
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search } = new URL(request.url ?? "/", this.url)
    this.liveReaders += 1
    response.once("close", () => {
      this.liveReaders -= 1
    })
    this.#live(request, response, { path: pathname, search })
  }

  async #call(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams) {
    const json = (status: number, body: unknown) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    const fail = (status: number, reason: string, message: string) =>
      json(status, {
        error: { message, code: -32000, data: { code: reason, httpStatus: status, reason, path } },
      })
    if (this.signedOut) return fail(401, "unauthorized", "Sign in first.")
    const text = request.method === "GET" ? (query.get("input") ?? "{}") : await bodyOf(request)
    const input = JSON.parse(text || "{}") as Record<string, unknown>
    const name = path.replace(/^agent\./, "")
    this.calls.push({ name, input })
    try {
      json(200, { result: { data: this.#answer(name, input) } })
    } catch (error) {
      if (error instanceof Refused) fail(error.status, error.reason, error.message)
      else fail(500, "internal", String(error))
    }
  }

  #answer(name: string, input: Record<string, unknown>): unknown {
    if (name === "agentTypes") return AGENTS
    if (name === "spawn") return this.#spawn(input)
    if (name === "pruneWorktrees") return this.pruneWorktrees(input.dryRun === true)
    if (name === "rules") return { rules: this.rules }
    if (name === "revokeRule") {
      this.rules = this.rules.filter(({ ruleId }) => ruleId !== input.ruleId)
      return { ruleId: input.ruleId, revoked: true }
    }
    if (name === "search") {
      const all = [...this.sessions.values()].map(({ row, session }) => ({ ...row, items: session.items }))
      return searchItems(all, input as unknown as SearchRequest)
    }
    if (name === "attach") return { uploadId: "upl_fake", bytes: String(input.data).length }
    if (name === "files") {
      const query = String(input.query)
      return { files: this.files.filter((path) => path.includes(query)), complete: true }
    }
    const session = this.sessions.get(String(input.sessionId))
    if (!session)
      throw new Refused(
        404,
        "unknown_session",
        `There is no session ${String(input.sessionId)} on this machine.`,
      )
    switch (name) {
      case "getSession":
        return this.#view(session, Number(input.tail ?? 200), input.before as number | undefined)
      case "sendMessage":
        return { messageId: session.take(String(input.text), input.idempotencyKey as string | undefined) }
      case "cancel":
        session.cancel()
        return { sessionId: input.sessionId, status: session.session.status }
      case "rename":
        session.row = { ...session.row, title: String(input.title) }
        this.registry.append(sessionRowChange(session.row))
        return { sessionId: input.sessionId, title: input.title }
      case "resume":
        return { sessionId: input.sessionId, epoch: session.resume() }
      case "approve": {
        const decision = session.answer(String(input.requestId), input.decision as "allow")
        if (decision) return { requestId: input.requestId, decision }
        throw new Refused(409, "request_settled", "That request was answered already.")
      }
    }
    throw new Refused(404, "unknown_procedure", `No procedure ${name}.`)
  }

  #spawn(input: Record<string, unknown>): { sessionId: string } {
    const key = String(input.idempotencyKey ?? newSessionId())
    const known = this.#spawned.get(key)
    if (known) return { sessionId: known }
    const prompt = String(input.prompt ?? "")
    const dir = input.workingDir === undefined ? "/home/ada" : String(input.workingDir)
    if (prompt.trim() === "") throw new Refused(400, "empty_prompt", "The prompt is empty. Say what to do.")
    if (!dir.startsWith("/"))
      throw new Refused(
        400,
        "working_dir_not_absolute",
        `${dir} is not an absolute path. Give one that starts with /.`,
      )
    if (dir.includes("missing"))
      throw new Refused(
        400,
        "working_dir_missing",
        `There is no directory ${dir}. Create it or choose another.`,
      )
    const session = this.add({
      title: prompt.slice(0, 60),
      agentType: String(input.agentType),
      workingDir: dir,
      permissionMode: (input.permissionMode ?? "ask") as SessionRow["permissionMode"],
    })
    this.#spawned.set(key, session.row.sessionId)
    setTimeout(() => {
      session.start()
      session.take(prompt)
    }, 100)
    return { sessionId: session.row.sessionId }
  }

  #view({ session, row, events }: FakeSession, tail: number, before?: number): SessionView {
    const { items, ...rest } = session
    const older = before === undefined ? items : items.filter(({ seq }) => seq < before)
    const page = older.slice(-tail)
    return {
      session: { ...rest, title: row.title },
      items: page,
      offset: events.offset,
      hasMore: page.length < older.length,
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
