/**
 * What every agent must do in a whole agentz: the built program, real daemons and streams, the agent's own program,
 * and a model server on this machine. One suite for all; what an agent cannot do is said with its reason, and both
 * go into the table of docs/agents.md.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { McpServer } from "#daemon/mcp-server"
import { isSame } from "#daemon/process/identity"
import { processesOf } from "#daemon/process/tree"
import type { Children } from "#streams/children"
import type { SessionId } from "#streams/ids"
import type { ItemOf, Session } from "#streams/session"
import { wait } from "#streams/transport"
import { Installation, killHard, killPid, saidIn } from "../e2e/installation.ts"
import { tokenOf } from "../e2e/mcp-token.ts"
import { modelThatObeys, type ObedientModel } from "../support/model-that-obeys.ts"

/** In the order of the table's rows. */
const ABILITIES = {
  streams: "Streams its answer in pieces",
  changes: "Changes a file after a yes",
  denied: "Leaves it alone after a no",
  cancel: "Stops when cancelled while it speaks",
  cancelTool: "Ends its command when cancelled",
  followUp: "Knows the conversation in the next turn",
  agentKilled: "kill -9 of its process in mid-answer: the next turn knows the conversation",
  daemonKilled: "kill -9 of its daemon in mid-answer: resumed, it knows the conversation",
  asked: "Asked, then daemon and API killed: answered after that, the call runs once",
  rateLimited: "429, then goes on",
  failing: "500, then goes on",
  overloaded: "529, then goes on",
  cut: "Connection cut in mid-answer: the answer is whole",
  large: "5 MB of answer",
  wrongKey: "A refused key is told with what to do",
  missing: "Without its program it is told what to install",
  compacted: "Told to sum up its conversation: its last note is in the next request to its model",
  parked: "Parked when idle, woken by a message",
  secrets: "Its key is in no argument, stream, spool or log",
  children: "Starts a session by MCP; after kill -9 of itself and of the API it has the answer by the id",
  workflows:
    "Starts a workflow by MCP; after kill -9 of itself, the API and the worker it has the result by the id",
} as const
type Ability = keyof typeof ABILITIES

export interface InstalledAgent {
  readonly type: string
  readonly title: string
  /** What was tested, by name. */
  readonly versions: Readonly<Record<string, string>>
  /** Whether it is a process of its own. */
  readonly process: boolean
  env(model: ObedientModel): Record<string, string>
  /** Files that a user would have: called once, with the home directory of the person and that of agentz. */
  prepare?(places: { readonly userHome: string; readonly home: string; readonly model: ObedientModel }): void
  /** A command that it asks for before it runs it, as directives. */
  asks(command: string): string
  /** What it calls a tool of ours. */
  readonly mcpTool?: (name: string) => string
  /** What it calls the tool that keeps a note. */
  readonly noteTool?: string
  /** Said of it beside the mark. */
  readonly remarks?: Partial<Record<Ability, string>>
  /** What it cannot do, and why. */
  readonly cannot?: Partial<Record<Ability, string>>
}

interface Row {
  readonly works: boolean
  readonly failed?: true
  readonly note?: string
}

interface Report {
  readonly title: string
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly (Row & { readonly title: string })[]
}

export const CANARY = "sk-canary-0123456789abcdef"

export function describeInstalledAgent(agent: InstalledAgent): void {
  const rows = new Map<Ability, Row>()
  const ability = (name: Ability, run: (world: World) => Promise<string | undefined>) => {
    const reason = agent.cannot?.[name]
    if (reason !== undefined) {
      rows.set(name, { works: false, note: reason })
      return test.skip(`${ABILITIES[name]} (cannot: ${reason})`)
    }
    test(ABILITIES[name], async () => {
      rows.set(name, { works: false, failed: true })
      const note = [agent.remarks?.[name], await run(current())].filter(Boolean).join("; ")
      rows.set(name, { works: true, ...(note !== "" && { note }) })
    })
  }
  let world: World | undefined
  const current = (): World => {
    if (!world) throw new Error("It was not set up.")
    return world
  }

  describe(agent.title, () => {
    beforeAll(async () => {
      world = await World.open(agent)
    }, 60_000)
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]()
    }, 60_000)

    afterEach(() => write(agent, rows))

    ability("streams", async (world) => {
      const id = await world.start("[[text n=20 ms=60]]")
      const session = await world.until(id, "completed")
      expect(lastMessage(session)).toBe(words(20))
      const chunks = (await world.agentz.events(id)).filter(({ type }) => type === "agent_message_chunk")
      expect(chunks.length).toBeGreaterThan(3)
      return undefined
    })

    ability("changes", async (world) => {
      const id = await world.start(`${agent.asks("echo changed > a.txt")} [[say text=finished]]`)
      await world.answer(id, "allow")
      const session = await world.until(id, "completed")
      expect(world.read(id, "a.txt")).toBe("changed\n")
      expect(itemsOf(session, "tool").at(-1)).toMatchObject({ status: "completed" })
      expect(lastMessage(session)).toContain("finished")
      return undefined
    })

    ability("denied", async (world) => {
      const id = await world.start(`${agent.asks("echo changed > a.txt")} [[say text=finished]]`)
      await world.answer(id, "deny")
      const session = await world.until(id, "completed", "cancelled")
      expect(existsSync(world.in(id, "a.txt"))).toBe(false)
      expect(itemsOf(session, "permission").at(-1)?.decision).toBe("deny")
      return lastMessage(session)?.includes("finished") ? undefined : "the turn ends with it"
    })

    ability("cancel", async (world) => {
      const id = await world.start("[[slow n=1000 ms=50]]")
      await world.saw(id, /chunk 3\//)
      const before = performance.now()
      expect((await world.api.cancel.mutate({ sessionId: id })).status).toBe("cancelled")
      const took = Math.round(performance.now() - before)
      await world.send(id, "[[say text=again]]")
      expect(lastMessage(await world.until(id, "completed"))).toContain("again")
      expect(await world.opened(id)).toBe(1)
      return `${took} ms`
    })

    ability("cancelTool", async (world) => {
      const id = await world.start(agent.asks("echo up > up.txt; sleep 321"), "bypass")
      await world.exists(id, "up.txt")
      expect(world.running(id, "sleep 321")).toBeGreaterThan(0)
      const before = performance.now()
      expect((await world.api.cancel.mutate({ sessionId: id })).status).toBe("cancelled")
      const took = Math.round(performance.now() - before)
      expect(world.running(id, "sleep 321")).toBe(0)
      return `${took} ms`
    })

    ability("followUp", async (world) => {
      const id = await world.start("Remember the green lamp. [[say text=noted]]")
      await world.until(id, "completed")
      await world.send(id, "[[recall]]")
      expect(lastMessage(await world.until(id, "completed"))).toContain("green lamp")
      return undefined
    })

    ability("agentKilled", async (world) => {
      const id = await world.start("Remember the red door. [[slow n=400 ms=50]]")
      await world.saw(id, /chunk 3\//)
      await world.killAgent(id)
      const failed = await world.until(id, "failed")
      expect(failed.error).toMatchObject({ code: "agent_exited" })
      await world.send(id, "[[recall]]")
      const session = await world.until(id, "completed")
      expect(lastMessage(session)).toContain("red door")
      return lostContext(session) ? "told by us what the transcript knows" : undefined
    })

    ability("daemonKilled", async (world) => {
      const id = await world.start("Remember the blue chair. [[slow n=400 ms=50]]")
      await world.saw(id, /chunk 3\//)
      await killPid(world.agentz.daemon(id))
      await world.until(id, "interrupted")
      await world.begins(id, () => world.api.resume.mutate({ sessionId: id }))
      await world.until(id, "completed")
      await world.send(id, "[[recall]]")
      const session = await world.until(id, "completed")
      expect(lastMessage(session)).toContain("blue chair")
      return lostContext(session) ? "told by us what the transcript knows" : undefined
    })

    ability("asked", async (world) => {
      const asks = agent.asks("echo ran >> once.txt")
      world.model.whenTakenUp(`${asks} [[say text=finished]]`)
      const id = await world.start(`${asks} [[say text=finished]]`)
      const { approvals } = await world.until(id, "waiting")
      const daemon = world.agentz.daemon(id)
      await world.killApi()
      await killPid(daemon)
      await world.up()
      await world.until(id, "interrupted")
      expect(existsSync(world.in(id, "once.txt"))).toBe(false)
      const requestId = approvals[0]?.requestId
      if (!requestId) throw new Error("Nothing was asked.")
      await world.begins(id, () => world.api.approve.mutate({ sessionId: id, requestId, decision: "allow" }))
      // It waits for a moment: until the answer that is there is found to be for this very call.
      await world.until(id, "completed")
      expect(world.read(id, "once.txt")).toBe("ran\n")
      return undefined
    })

    for (const [name, status] of [
      ["rateLimited", 429],
      ["failing", 500],
      ["overloaded", 529],
    ] as const)
      ability(name, async (world) => {
        const id = await world.start(`[[error status=${status} times=1]] [[say text=afterwards]]`)
        expect(lastMessage(await world.until(id, "completed"))).toContain("afterwards")
        return undefined
      })

    ability("cut", async (world) => {
      const id = await world.start("[[drop after=12 times=1]] [[text n=30 ms=5]]")
      const session = await world.until(id, "completed")
      expect(lastMessage(session)).toBe(words(30))
      return undefined
    })

    ability("large", async (world) => {
      const id = await world.start("[[huge mb=5 chunk=4096]]")
      const session = await world.until(id, "completed")
      expect(saidIn(session).length).toBeGreaterThan(5_000_000)
      return undefined
    })

    ability("wrongKey", async (world) => {
      const id = await world.start("[[error status=401 times=-1]]")
      const { error } = await world.until(id, "failed")
      expect(error).toMatchObject({ code: "provider_auth" })
      expect(error?.hint).toBeTruthy()
      return undefined
    })

    ability("missing", async (world) => {
      const { code, stderr } = await world.agentz.run(["run", "hello", "--agent", agent.type, "--json"], {
        env: { PATH: "/usr/bin:/bin" },
      })
      expect(code).toBe(1)
      const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "")
      expect(error).toMatchObject({ reason: "agent_not_ready" })
      expect(error.message).toMatch(/install/)
      return undefined
    })

    ability("parked", async (world) => {
      const id = await world.start("Remember the white house. [[say text=noted]]", "ask", { idleSeconds: 4 })
      await world.until(id, "completed")
      const live = world.memory(id)
      const daemon = world.agentz.daemon(id)
      while (isSame(daemon)) await wait(50)
      expect(processesOf({ marker: ["AGENTZ_SESSION", id] })).toEqual([])
      const before = performance.now()
      await world.send(id, "[[recall]]")
      await world.saw(id, /RECALL/)
      const woken = Math.round(performance.now() - before)
      expect(lastMessage(await world.until(id, "completed"))).toContain("white house")
      return `awake in ${woken} ms; ${live} MiB live, none parked`
    })

    ability("compacted", async (world) => {
      const note = JSON.stringify(JSON.stringify({ text: "The brass key." }))
      const id = await world.start(`[[tool name=${agent.noteTool} args=${note}]] [[say text=kept]]`, "bypass")
      const first = await world.until(id, "completed")
      expect(first.note?.text).toBe("The brass key.")
      await world.send(id, "/compact")
      const summedUp = await world.until(id, "completed")
      expect(summedUp.note).toMatchObject({ text: "The brass key.", forgotten: "compacted" })
      await world.send(id, "[[say text=onward]]")
      const after = await world.until(id, "completed")
      expect(itemsOf(after, "note").at(-1)).toMatchObject({ text: "The brass key.", given: "compacted" })
      const request = world.model.asked.findLast((body) => body.includes("text=onward")) ?? ""
      expect(request).toMatch(/summed up to make room.*The brass key\..*text=onward/)
      return undefined
    })

    /** What makes the model call a tool of agentz. */
    const call = (name: string, input: Readonly<Record<string, unknown>>) =>
      `[[tool name=${agent.mcpTool?.(name)} args=${JSON.stringify(JSON.stringify(input))}]] [[say text=called]]`

    ability("children", async (world) => {
      const spawn = call("session_spawn", { agent: "demo", prompt: "/recall" })
      const id = await world.start(spawn, "bypass", { children: { most: 1, depth: 1 } })
      await world.until(id, "completed")
      const { sessions } = await world.api.listSessions.query()
      const child = sessions.find(({ startedBy }) => startedBy === id)?.sessionId
      if (child === undefined)
        throw new Error(`No child: ${JSON.stringify(itemsOf(await world.agentz.session(id), "tool"))}`)

      await killPid(world.agentz.daemon(id))
      await world.killApi()
      await world.up()
      await world.send(id, call("session_wait", { sessionId: child, waitSeconds: 30 }))
      const session = await world.until(id, "completed")
      const told = JSON.stringify(itemsOf(session, "tool").at(-1))
      expect(told).toContain(child)
      expect(told).toMatch(/settled\W+true/)
      return undefined
    })

    ability("workflows", async (world) => {
      const source = `name: handled\nsteps:\n  - { id: only, kind: command, command: "sleep 8; echo handled" }\n`
      await world.workflow.define.mutate({ source })
      const mcpServers = [await world.ownServer("--workflows", "handled", "--sessions", "none")]
      const input = { workflow: "handled", workingDir: world.agentz.workingDir, idempotencyKey: "once" }
      const id = await world.start(call("invoke_async", input), "ask", { mcpServers })
      const hasAsked = await world.allow(id, "invoke_async")
      const said = await world.until(id, "completed")
      const [run] = (await world.workflow.list.query({})).runs
      if (run === undefined) throw new Error(`No run: ${JSON.stringify(itemsOf(said, "tool"))}`)

      await killPid(world.agentz.daemon(id))
      await world.killApi()
      for (const worker of world.agentz.workers()) await killPid(worker)
      await world.up({ samePort: true })
      await world.send(id, call("invoke_status", { runId: run.runId, waitSeconds: 50 }))
      await world.allow(id, "invoke_status")
      const session = await world.until(id, "completed")
      const told = JSON.stringify(itemsOf(session, "tool").at(-1))
      expect(told).toContain(run.runId)
      expect(told).toMatch(/output\W+handled/)
      const { run: ended } = await world.workflow.status.query({ runId: run.runId })
      expect(ended.steps[0]?.attempts).toHaveLength(1)
      return hasAsked ? undefined : "without asking"
    })

    ability("secrets", async (world) => {
      const id = await world.start("[[slow n=60 ms=50]]")
      await world.saw(id, /chunk 3\//)
      const told = processesOf({ marker: ["AGENTZ_SESSION", id] }).map(({ pid }) => commandLineOf(pid))
      expect(agent.process ? told.length : 1).toBeGreaterThan(0)
      expect(told.filter((line) => line.includes(CANARY))).toEqual([])
      await world.until(id, "completed")
      expect(JSON.stringify(await world.agentz.events(id))).not.toContain(CANARY)
      expect(filesWith(world.agentz.home, CANARY)).toEqual([])
      return undefined
    })
  })
}

/** What was found out so far; what this run left out stays as it was found before. */
function write({ type, title, versions }: InstalledAgent, rows: ReadonlyMap<Ability, Row>): void {
  const dir = process.env.AGENTZ_TEST_MATRIX
  if (dir === undefined) return
  mkdirSync(dir, { recursive: true })
  const file = join(dir, `${type}.json`)
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : null
  const known = JSON.stringify(before?.versions) === JSON.stringify(versions) ? (before?.rows ?? []) : []
  const found = (Object.keys(ABILITIES) as Ability[]).flatMap((name) => {
    const row = rows.get(name)
    return row ? [{ title: ABILITIES[name], ...row }] : known.filter((one) => one.title === ABILITIES[name])
  })
  writeFileSync(file, JSON.stringify({ title, versions, rows: found } satisfies Report, null, 2))
}

/** One agentz with its model, for all tests of one agent. */
class World implements AsyncDisposable {
  readonly agentz: Installation
  readonly model: ObedientModel
  readonly #agent: InstalledAgent
  readonly #dirs = new Map<SessionId, string>()
  #ready: Awaited<ReturnType<Installation["up"]>> | undefined

  private constructor(agent: InstalledAgent, agentz: Installation, model: ObedientModel) {
    this.#agent = agent
    this.agentz = agentz
    this.model = model
  }

  static async open(agent: InstalledAgent): Promise<World> {
    const model = await modelThatObeys()
    const agentz = await Installation.open(agent.env(model))
    mkdirSync(agentz.home, { recursive: true, mode: 0o700 })
    agent.prepare?.({ userHome: join(agentz.home, ".."), home: agentz.home, model })
    const world = new World(agent, agentz, model)
    await world.up()
    return world
  }

  /** `samePort`: where the one before it was. */
  async up({ samePort = false } = {}): Promise<void> {
    const port = samePort && this.#ready ? { AGENTZ_PORT: new URL(this.#ready.api).port } : {}
    this.#ready = await this.agentz.up(port)
  }

  async killApi(): Promise<void> {
    if (this.#ready) await killHard(this.#ready.process)
  }

  get #up() {
    if (!this.#ready) throw new Error("agentz is not up.")
    return this.#ready
  }
  get api() {
    return this.agentz.client(this.#up).agent
  }
  get workflow() {
    return this.agentz.client(this.#up).workflow
  }

  /** agentz itself as a server of tools, for whom the options of a token say. */
  async ownServer(...options: readonly string[]): Promise<McpServer> {
    const { token } = await tokenOf(this.agentz, ...options)
    const headers = { authorization: `Bearer ${token}` }
    return { type: "http", name: "agentz", url: `${this.#up.api}/mcp`, headers }
  }

  /** A session in a directory of its own. */
  async start(
    prompt: string,
    permissionMode: "ask" | "bypass" = "ask",
    {
      idleSeconds,
      children,
      mcpServers,
    }: {
      readonly idleSeconds?: number
      readonly children?: Children
      readonly mcpServers?: McpServer[]
    } = {},
  ): Promise<SessionId> {
    const workingDir = join(this.agentz.workingDir, `work-${this.#dirs.size}`)
    mkdirSync(workingDir)
    const { type: agentType } = this.#agent
    if (idleSeconds === undefined) {
      const { sessionId } = await this.api.spawn.mutate({
        ...{ agentType, prompt, workingDir, permissionMode },
        ...(children && { children }),
        ...(mcpServers && { mcpServers }),
      })
      this.#dirs.set(sessionId, workingDir)
      return sessionId
    }
    const { stdout, stderr } = await this.agentz.run(
      [
        "run",
        prompt,
        "--agent",
        agentType,
        "--cwd",
        workingDir,
        "--mode",
        permissionMode,
        "--detach",
        "--json",
      ],
      { env: { AGENTZ_IDLE_SECONDS: String(idleSeconds) } },
    )
    if (stdout === "") throw new Error(stderr)
    const { sessionId } = JSON.parse(stdout)
    this.#dirs.set(sessionId, workingDir)
    return sessionId
  }

  send(sessionId: SessionId, text: string): Promise<void> {
    return this.begins(sessionId, () => this.api.sendMessage.mutate({ sessionId, text }))
  }

  /** Asks for something that begins a turn, and waits until it has. */
  async begins(sessionId: SessionId, asked: () => Promise<unknown>): Promise<void> {
    const { turns } = await this.agentz.session(sessionId)
    await asked()
    await this.agentz.until(sessionId, "begun", (session) => session.turns > turns, LIMIT_MS)
  }

  async answer(sessionId: SessionId, decision: "allow" | "deny"): Promise<void> {
    const { approvals, status } = await this.until(sessionId, "waiting", "completed")
    const requestId = approvals[0]?.requestId
    if (!requestId) throw new Error(`Nothing was asked: ${status}`)
    await this.api.approve.mutate({ sessionId, requestId, decision })
  }

  /** Says yes to the tool of ours, where it is asked for, by a question that names it. Gives whether it was. */
  async allow(sessionId: SessionId, tool: string): Promise<boolean> {
    const { approvals, status } = await this.until(sessionId, "waiting", "completed")
    if (status === "completed") return false
    expect(approvals[0]?.title).toContain(tool)
    await this.answer(sessionId, "allow")
    return true
  }

  async until(sessionId: SessionId, ...statuses: readonly Session["status"][]): Promise<Session> {
    const settled = ["completed", "failed", "cancelled", "interrupted"]
    const session = await this.agentz.until(
      sessionId,
      statuses.join(" or "),
      ({ status, turns, queue }) =>
        statuses.includes(status) || (settled.includes(status) && turns > 0 && queue.length === 0),
      LIMIT_MS,
    )
    if (!statuses.includes(session.status))
      throw new Error(
        `It is ${session.status}, not ${statuses.join(" or ")}: ${JSON.stringify(session.error)} ${JSON.stringify(session.items.slice(-4)).slice(0, 1500)}`,
      )
    return session
  }

  async saw(sessionId: SessionId, what: RegExp): Promise<void> {
    await this.agentz.until(sessionId, String(what), (session) => what.test(saidIn(session)), LIMIT_MS)
  }

  in = (sessionId: SessionId, file: string): string => join(this.#dirs.get(sessionId) ?? "/nowhere", file)
  read = (sessionId: SessionId, file: string): string => readFileSync(this.in(sessionId, file), "utf8")

  async exists(sessionId: SessionId, file: string): Promise<void> {
    const limit = performance.now() + LIMIT_MS
    while (!existsSync(this.in(sessionId, file))) {
      if (performance.now() > limit)
        throw new Error(`${file} never came: ${this.agentz.daemonLog(sessionId)}`)
      await wait(50)
    }
  }

  /** How often an agent was opened. */
  async opened(sessionId: SessionId): Promise<number> {
    return (await this.agentz.events(sessionId)).filter(({ type }) => type === "agent_started").length
  }

  async killAgent(sessionId: SessionId): Promise<void> {
    const events = await this.agentz.events(sessionId)
    const started = events.findLast((event) => event.type === "agent_started")
    if (started?.type !== "agent_started" || started.pid === undefined) throw new Error("It has no process.")
    process.kill(started.pid, "SIGKILL")
  }

  running = (sessionId: SessionId, command: string): number =>
    processesOf({ marker: ["AGENTZ_SESSION", sessionId] }).filter(({ pid }) =>
      commandLineOf(pid).includes(command),
    ).length

  /** Of the daemon and all it started, in MiB; pages that several share count in part. */
  memory(sessionId: SessionId): number {
    const pids = processesOf({ marker: ["AGENTZ_SESSION", sessionId] }).map(({ pid }) => pid)
    return Math.round(
      [this.agentz.daemon(sessionId).pid, ...pids].reduce((sum, pid) => sum + pssOf(pid), 0) / 1024,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agentz[Symbol.asyncDispose]()
    await this.model[Symbol.asyncDispose]()
  }
}

const LIMIT_MS = 150_000

const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index + 1} `).join("")

const itemsOf = <Type extends Session["items"][number]["type"]>(session: Session, type: Type) =>
  session.items.filter((item): item is ItemOf<Type> => item.type === type)

const lastMessage = (session: Session): string | undefined => itemsOf(session, "message").at(-1)?.text

const lostContext = (session: Session): boolean =>
  itemsOf(session, "notice").some(({ category }) => category === "context")

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1")
  } catch {
    return ""
  }
}
const commandLineOf = (pid: number) => textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ")
const pssOf = (pid: number) => Number(/^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)

const filesWith = (dir: string, text: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => textOf(file).includes(text))
