/** An agent that is a process: a real one, which speaks the protocol by hand. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { SessionUpdate } from "@agentclientprotocol/sdk"
import { expect, test, vi } from "vitest"
import { type AgentSession, openAgentSession } from "#daemon/agent-session"
import type { Launch } from "#daemon/agents/process/launch"
import { processAgent } from "#daemon/agents/process/process-agent"
import { filesOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { ISOLATIONS, type IsolationKind } from "#daemon/process/isolation"
import { processesOf } from "#daemon/process/tree"
import type { Unstamped } from "#streams/event"
import { newSessionId, TurnId } from "#streams/ids"
import type { Item } from "#streams/session"
import { Disposables } from "../../support/disposables.ts"
import { testEnclosure } from "../../support/enclosure.ts"
import { malformedLines } from "../../support/malformed-lines.ts"
import { tempDir } from "../../support/temp-dir.ts"

const PLAIN = join(import.meta.dirname, "../../support/plain-agent.mjs")
const SECRET = "sk-canary-0123456789"

/** What a daemon does around it: a session whose agent can be opened again and again. */
async function world({
  env = {},
  transcript = [],
  model,
  wanted = "cgroup",
}: {
  env?: Record<string, string>
  transcript?: Item[]
  model?: string
  wanted?: IsolationKind
} = {}) {
  const stack = new Disposables()
  const dir = stack.use(await tempDir())
  const sessionId = newSessionId()
  const { enclosure, home } = stack.use(await testEnclosure({ sessionId, wanted }))
  const events: Unstamped[] = []
  const launch: Launch = {
    command: process.execPath,
    args: [PLAIN],
    env: { PLAIN_STATE: home, PLAIN_KEY: SECRET, ...env },
    version: null,
    signIn: "Sign in.",
    modelOption: "model",
  }
  const { PATH = "", HOME = "" } = process.env
  const marker = ["AGENTZ_SESSION", sessionId] as const
  const open = (resumeAgentSession: string | null = null) =>
    openAgentSession(
      processAgent(async () => launch),
      {
        sessionId,
        workingDir: dir.path,
        model,
        env: {},
        toolEnv: { PATH, HOME },
        enclosure,
        home,
        transcript: () => transcript,
      },
      {
        resumeAgentSession,
        publish: (event) => events.push(event),
        mode: () => "ask",
        chosen: new Map(),
        read: async () => new Uint8Array(),
        signal: new AbortController().signal,
      },
    )
  return {
    open,
    events,
    in: (file: string) => join(dir.path, file),
    log: filesOf(home, sessionId).agentLog,
    started: () => events.filter((event) => event.type === "agent_started"),
    exited: () => events.filter((event) => event.type === "agent_exited"),
    /** As they were told last. */
    options: () => events.findLast((event) => event.type === "config_options")?.options,
    notices: () => events.flatMap((event) => (event.type === "notice" ? [event.category] : [])),
    processes: () => processesOf({ marker }),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  }
}

/** Prompts and collects what is said. */
async function ask(
  session: AgentSession,
  text: string,
  { signal = new AbortController().signal, onText = (_text: string): void => undefined } = {},
) {
  let said = ""
  const { stopReason } = await session.prompt({
    text,
    note: null,
    resume: false,
    signal,
    listener: {
      update(update: SessionUpdate) {
        if (update.sessionUpdate !== "agent_message_chunk" || update.content.type !== "text") return
        said += update.content.text
        onText(said)
      },
      permission: async () => ({ outcome: { outcome: "selected", optionId: "yes" } }),
    },
  })
  return { said, stopReason }
}

test("it leads a group of its own, says who it is, and knows only what it was handed", async () => {
  await using agents = await world()
  await using session = await agents.open()
  const [started] = agents.started()
  if (started?.type !== "agent_started" || started.pid === undefined) throw new Error("It has no process.")
  expect(started).toMatchObject({ name: "Plain", version: "9.9.9" })
  expect(identityOf(started.pid)?.startTime).toBe(started.startTime)
  const own = agents.processes().find(({ pid }) => pid === started.pid)
  expect(own?.group).toBe(started.pid)

  const { said } = await ask(session, "env")
  // A shell that confines it may set these.
  const names = Object.keys(JSON.parse(said)).filter(
    (name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name),
  )
  expect(names.sort()).toEqual([
    "AGENTZ_EPOCH",
    "AGENTZ_RUN",
    "AGENTZ_SESSION",
    "AGENTZ_TOOL",
    "HOME",
    "PATH",
    "PLAIN_KEY",
    "PLAIN_STATE",
  ])
})

test("what it changes after a yes is changed", async () => {
  await using agents = await world()
  await using session = await agents.open()
  expect(await ask(session, "ask one")).toMatchObject({ stopReason: "end_turn" })
  expect(readFileSync(agents.in("ran.txt"), "utf8")).toBe("one\n")
})

test("its death in mid-turn ends the turn with its last words, and the next one has the conversation", async () => {
  await using agents = await world()
  const session = await agents.open()
  await ask(session, "say hello")
  await expect(ask(session, "hold\ndie")).rejects.toMatchObject({
    failure: {
      code: "agent_exited",
      message: expect.stringContaining("exit code 7. Its last words: I break now"),
    },
  })
  expect(agents.exited()).toEqual([{ type: "agent_exited", code: 7, signal: null, expected: false }])
  expect(agents.processes()).toEqual([])

  const [started] = agents.started()
  const id = started?.type === "agent_started" ? started.agentSessionId : ""
  await using next = await agents.open(id)
  expect((await ask(next, "recall")).said).toBe("before: say hello | hold | die")
  expect(agents.notices()).toEqual([])
})

test("kill -9 of it is told with the signal", async () => {
  await using agents = await world()
  const session = await agents.open()
  const turn = ask(session, "wait", { onText: () => kill(agents.started()) })
  await expect(turn).rejects.toMatchObject({
    failure: { message: expect.stringContaining("by signal SIGKILL") },
  })
  await session.ended
  expect(agents.exited()).toMatchObject([{ signal: "SIGKILL", expected: false }])
})

test("disposed it ends with everything it started, the stubborn as well", async () => {
  await using agents = await world({ env: { PLAIN_STUBBORN: "1" } })
  const session = await agents.open()
  await ask(session, "hold\nleave")
  expect(agents.processes().length).toBeGreaterThanOrEqual(3)
  await session[Symbol.asyncDispose]()
  expect(agents.processes()).toEqual([])
  expect(agents.exited()).toMatchObject([{ expected: true }])
})

test("the agent before is gone with its tree before another one is opened", async () => {
  await using agents = await world()
  const first = await agents.open()
  const alone = agents.processes().length
  await ask(first, "hold\nleave")
  const before = agents.processes().map(({ pid }) => pid)
  expect(before).toHaveLength(alone + 2)
  await using _second = await agents.open()
  const now = agents.processes().map(({ pid }) => pid)
  expect(before.filter((pid) => now.includes(pid))).toEqual([])
  expect(now).toHaveLength(alone)
})

test.each(ISOLATIONS)(
  "a sweep ends what the turn started, also what hangs on the agent, and nothing from before: %s",
  async (wanted) => {
    await using agents = await world({ wanted })
    await using session = await agents.open()
    const alone = agents.processes().length
    await ask(session, "leave")
    await ask(session, "hold\nleave")
    expect(agents.processes()).toHaveLength(alone + 3)
    await session.sweep?.()
    expect(agents.processes()).toHaveLength(alone + 1)
    expect((await ask(session, "say still here")).said).toBe("still here")
  },
)

test("a cancel is passed on, and the agent stays", async () => {
  await using agents = await world()
  await using session = await agents.open()
  const cancel = new AbortController()
  const turn = ask(session, "wait", { signal: cancel.signal, onText: () => cancel.abort() })
  expect(await turn).toMatchObject({ said: "waiting", stopReason: "cancelled" })
  expect(await ask(session, "say on")).toEqual({ said: "on", stopReason: "end_turn" })
})

test("where only loading is offered, what it replays is not told again", async () => {
  await using agents = await world({ env: { PLAIN_RESUME: "load" } })
  const first = await agents.open()
  await ask(first, "say hello")
  await first[Symbol.asyncDispose]()
  const [started] = agents.started()
  await using second = await agents.open(started?.type === "agent_started" ? started.agentSessionId : "")
  expect((await ask(second, "recall")).said).toBe("before: say hello")
})

const line = { seq: 0, at: "" }
const turnId = TurnId.parse("turn_past")
const PAST: Item[] = [
  { ...line, key: "1", type: "user", messageId: "msg_1" as never, text: "Paint it green.", turnId },
  { ...line, key: "2", type: "message", turnId, text: "It is green.", done: true },
  { ...line, key: "3", type: "user", messageId: "msg_2" as never, text: "recall", turnId },
]

test.each([
  ["it cannot take up a conversation", { PLAIN_RESUME: "none" }],
  ["it does not know the conversation", { PLAIN_RESUME: "resume" }],
])("when %s, it says so loudly and is told what the transcript knows, once", async (_, env) => {
  await using agents = await world({ env, transcript: PAST })
  await using session = await agents.open("plain-of-another-life")
  expect(agents.notices()).toEqual(["context"])
  const { said } = await ask(session, "say new\nrecall")
  expect(said).toBe("newbefore: ")
  const { said: after } = await ask(session, "recall")
  expect(after).toContain("User: Paint it green. | You: It is green.")
  expect(after.match(/Paint it green/g)).toHaveLength(1)
})

test("a model is asked for, and one that is refused is said and does not stop the work", async () => {
  await using good = await world({ model: "large" })
  await using _session = await good.open()
  expect(good.notices()).toEqual([])
  expect(good.options()).toMatchObject([{ id: "model", value: "large" }])
  await using bad = await world({ model: "huge" })
  await using other = await bad.open()
  expect(bad.notices()).toEqual(["model"])
  expect((await ask(other, "say yes")).said).toBe("yes")
  await expect(other.setOption("model", "huge")).rejects.toMatchObject({
    failure: { code: "config_refused", message: expect.stringContaining('no model "huge"') },
  })
  await other.setOption("model", "large")
  expect(bad.options()).toMatchObject([{ id: "model", value: "large" }])
})

test("ten thousand malformed lines end neither the turn nor the daemon", async () => {
  await using agents = await world()
  await using session = await agents.open()
  // The library says so of each; in a daemon that goes to its log, which is capped.
  using _ = vi.spyOn(console, "error").mockImplementation(() => undefined)
  writeFileSync(agents.in("lines"), malformedLines("lines of an agent", 10_000))
  const { said, stopReason } = await ask(session, `say before\nraw ${agents.in("lines")}\nsay after`)
  expect({ said, stopReason }).toEqual({ said: "beforeafter", stopReason: "end_turn" })
  expect((await ask(session, "say again")).said).toBe("again")
})

test("a line without an end is given up at the protocol's limit, and the turn ends with the reason", async () => {
  await using agents = await world()
  await using session = await agents.open()
  await expect(ask(session, "endless")).rejects.toMatchObject({ name: "AgentFailed" })
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(256 * 1024 * 1024)
})

test("a start that fails once is tried again", async () => {
  await using agents = await world({ env: {} })
  await using again = await world({ env: { PLAIN_FAIL_ONCE: agents.in("failed-once") } })
  await using session = await again.open()
  expect(existsSync(agents.in("failed-once"))).toBe(true)
  expect((await ask(session, "say well")).said).toBe("well")
})

test("its log has no secret of it and stays small", async () => {
  await using agents = await world()
  await using session = await agents.open()
  await ask(session, `log the key is ${SECRET}, remember it`)
  await vi.waitFor(() =>
    expect(readFileSync(agents.log, "utf8")).toContain("the key is [redacted PLAIN_KEY], remember it"),
  )
  for (let round = 0; round < 40; round++)
    await ask(
      session,
      Array(10)
        .fill(`log ${"x".repeat(8_000)}`)
        .join("\n"),
    )
  await vi.waitFor(() => expect(existsSync(`${agents.log}.1`)).toBe(true))
  expect(statSync(agents.log).size + statSync(`${agents.log}.1`).size).toBeLessThan(1.2 * 1024 * 1024)
  expect(statSync(agents.log).mode & 0o077).toBe(0)
})

function kill(started: readonly Unstamped[]): void {
  const [first] = started
  if (first?.type === "agent_started" && first.pid !== undefined) process.kill(first.pid, "SIGKILL")
}
