import { execFileSync } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Unstamped } from "#streams/event"
import { RequestId, SessionId, TurnId } from "#streams/ids"
import { bench, memoryIo } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const turnId = TurnId.parse("turn_a")
const requestId = RequestId.parse("req_abc")
const id = (text: string) => SessionId.parse(text)
const started = { type: "turn_started", turnId, cause: "user" } as const
const ended = (stopReason: "end_turn" | "cancelled" | "error" | "interrupted") =>
  ({ type: "turn_ended", turnId, stopReason }) as const
const say = (text: string, messageId = "m1") => ({ type: "agent_message", turnId, messageId, text }) as const
const chunk = (text: string, messageId = "m1") =>
  ({ type: "agent_message_chunk", turnId, messageId, text }) as const
const tool = (status: "in_progress" | "completed" | "failed"): Unstamped => ({
  type: "tool_call",
  turnId,
  toolCallId: "t1",
  title: "Edit a.ts",
  kind: "edit",
  status,
  locations: [],
  input: {},
  content: [{ type: "diff", path: "a.ts", oldText: "a\n", newText: "b\nc\n" }],
})
const question: Unstamped = {
  type: "permission_request",
  turnId,
  requestId,
  toolCallId: "t1",
  title: "Write \x1b[31ma.ts",
  kind: "edit",
  input: {},
  inputHash: "h",
  content: [],
  decisions: ["allow", "deny"],
}

async function setUp(environment: Record<string, string> = {}) {
  const home = await tempDir()
  return { ...bench(home.path, environment), home, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() }
}

test("run streams the text, tells each tool call in one line, and exits 0", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) =>
    plane.say(
      sessionId,
      started,
      chunk("Hel"),
      chunk("lo "),
      say("Hello there\n"),
      tool("in_progress"),
      tool("completed"),
      ended("end_turn"),
    )
  const { code, out, err } = await cli([
    "run",
    "fix it",
    "--cwd",
    "repo",
    "--agent",
    "demo",
    "--mode",
    "ask",
    "--title",
    "T",
  ])

  expect(code).toBe(0)
  expect(out).toBe("Hello there\n✓ Edit a.ts  a.ts +2 -1\n— done\n")
  expect(err).toMatch(/^ses_\w+\n$/)
  expect(plane.calls[0]?.input).toEqual({
    agentType: "demo",
    prompt: "fix it",
    workingDir: "/work-dir/repo",
    permissionMode: "ask",
    title: "T",
    model: undefined,
  })
  expect(plane.disposed).toBe(true)
})

test.each([
  ["end_turn", 0],
  ["cancelled", 130],
  ["error", 1],
  ["interrupted", 1],
] as const)("a turn that ended with %s is exit code %i", async (stopReason, expected) => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, ended(stopReason))
  const { code, err } = await cli(["run", "go"])
  expect(code).toBe(expected)
  expect(err.includes("agentz resume ses_")).toBe(stopReason === "interrupted")
})

test("a session that failed to start is exit code 1 with its hint", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  const error = { code: "start_timeout", message: "It did not start.", hint: "Look at its log." }
  plane.onSpawn = (sessionId) => plane.say(sessionId, { type: "session_failed", error })
  const { code, out } = await cli(["run", "go"])
  expect({ code, out }).toEqual({ code: 1, out: "✗ It did not start.\n  Look at its log.\n" })
})

test("run --json prints each event with its session, run --detach the id alone", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, say("hi"), ended("end_turn"))
  const events = (await cli(["run", "go", "--json"])).out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  const detached = await cli(["run", "go", "--detach"])
  const asJson = await cli(["run", "go", "--detach", "--json"])

  expect(events.map(({ type }) => type)).toEqual(["turn_started", "agent_message", "turn_ended"])
  expect(new Set(events.map(({ sessionId }) => sessionId)).size).toBe(1)
  expect(detached.out).toMatch(/^ses_\w+\n$/)
  expect(JSON.parse(asJson.out)).toEqual({ sessionId: expect.stringMatching(/^ses_/) })
})

test("what an agent writes cannot command the terminal", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) =>
    plane.say(sessionId, chunk("a\x1b]0;owned"), chunk("\x07b\x9b2J"), question, ended("end_turn"))
  const { out, err } = await cli(["run", "go"])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be gone
  expect(out + err).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})

test("a prompt is read from a pipe, and a text that is missing at a terminal is told", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, ended("end_turn"))
  await cli(["run"], memoryIo({ input: "from a pipe\n" }))
  await cli(["run", "-"], memoryIo({ input: "with a dash\n" }))
  const missing = await cli(["run"], memoryIo({ tty: true }))
  const empty = await cli(["run", ""])
  const huge = await cli(["run", "-"], memoryIo({ input: "x".repeat(5 * 1024 * 1024) }))

  expect(plane.calls.map(({ input }) => (input as { prompt: string }).prompt)).toEqual([
    "from a pipe",
    "with a dash",
  ])
  expect(missing).toMatchObject({ code: 64, err: expect.stringContaining("The text is missing") })
  expect(empty).toMatchObject({ code: 1, err: expect.stringContaining("The prompt is empty") })
  expect(huge).toMatchObject({ code: 1, err: expect.stringContaining("put the text in a file") })
})

test("a question is asked at the terminal until it is answered", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, question)
  plane.onApprove = (sessionId) =>
    plane.say(
      sessionId,
      { type: "permission_resolved", requestId, decision: "allow_always", delivered: true, by: "user" },
      ended("end_turn"),
    )
  const io = memoryIo({ tty: true })
  const done = cli(["run", "go"], io)
  await io.saw("Allow it?")
  io.stdin.write("maybe\n")
  await io.saw("Please answer")
  io.stdin.write("a\n")

  expect(await done).toMatchObject({
    code: 0,
    out: expect.stringContaining("req_abc: allow always (by user)"),
  })
  expect(plane.calls.at(-1)?.input).toMatchObject({ requestId, decision: "allow_always" })
})

test("in a pipe a question names the command that answers it", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, question, ended("end_turn"))
  const { err } = await cli(["run", "go"])
  expect(err).toMatch(/agentz approve ses_\w+ req_abc --allow/)
})

test("a question that was answered elsewhere is withdrawn", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  let session = id("ses_x")
  plane.onSpawn = (sessionId) => {
    session = sessionId
    plane.say(sessionId, question)
  }
  const io = memoryIo({ tty: true })
  const done = cli(["run", "go"], io)
  await io.saw("Allow it?")
  plane.say(
    session,
    { type: "permission_resolved", requestId, decision: "deny", delivered: true, by: "user" },
    ended("end_turn"),
  )

  expect((await done).code).toBe(0)
  expect(plane.calls.map(({ name }) => name)).toEqual(["spawn"])
})

test("Ctrl-C cancels the turn and the exit code is 130", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, chunk("working"))
  plane.onCancel = (sessionId) => plane.say(sessionId, ended("cancelled"))
  const io = memoryIo()
  const done = cli(["run", "go"], io)
  await io.saw("working")
  io.raise("SIGINT")

  expect((await done).code).toBe(130)
  expect(io.listeners()).toBe(0)
  expect(plane.followers()).toBe(0)
})

test("a second Ctrl-C leaves the turn to itself and tells the way back", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, chunk("working"))
  const io = memoryIo()
  const done = cli(["run", "go"], io)
  await io.saw("working")
  io.raise("SIGINT")
  io.raise("SIGINT")

  expect(await done).toMatchObject({ code: 130, err: expect.stringMatching(/agentz tail ses_\w+/) })
})

test("a terminal that closes leaves the turn alone", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.onSpawn = (sessionId) => plane.say(sessionId, started, chunk("working"))
  const io = memoryIo()
  const done = cli(["run", "go"], io)
  await io.saw("working")
  io.raise("SIGHUP")

  expect((await done).code).toBe(129)
  expect(plane.calls.map(({ name }) => name)).toEqual(["spawn"])
})

test("ls fits the terminal, and tells what to do when there is nothing", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  expect((await cli(["ls"])).out).toContain("agentz run")
  plane.session("A very long title that goes on and on and on for ever", id("ses_aaaaaaaaaa"))
  plane.say(id("ses_aaaaaaaaaa"), started, ended("end_turn"))
  plane.session("Other\x1b[2J", id("ses_bbbbbbbbbb"))
  const { out } = await cli(["ls"], memoryIo({ tty: true, columns: 70 }))
  const one = await cli(["ls", "--status", "completed", "--json"])

  expect(out.split("\n")[0]).toMatch(/^ID +STATUS +AGENT +TITLE +AGE/)
  for (const line of out.split("\n")) expect([...line].length).toBeLessThanOrEqual(70)
  expect(out).toContain("1h")
  expect(JSON.parse(one.out).sessions.map((entry: { sessionId: string }) => entry.sessionId)).toEqual([
    "ses_aaaaaaaaaa",
  ])
})

test("ids may be shortened as long as they stay unique", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  for (const name of ["ses_abc1", "ses_abc2", "ses_xyz"]) plane.session(name, id(name))
  const resumed = async (given: string) => await cli(["resume", given, "--json"])

  expect(JSON.parse((await resumed("x")).out)).toEqual({ sessionId: "ses_xyz", epoch: 2 })
  expect(JSON.parse((await resumed("ses_x")).out).sessionId).toBe("ses_xyz")
  expect(JSON.parse((await resumed("ses_abc1")).out).sessionId).toBe("ses_abc1")
  expect(await resumed("abc")).toMatchObject({
    code: 1,
    err: expect.stringContaining("ses_abc1, ses_abc2: type more letters"),
  })
  expect(await resumed("q")).toMatchObject({ code: 1, err: expect.stringContaining("unknown_session") })
  expect(await resumed("ses_q")).toMatchObject({ code: 1, err: expect.stringContaining("unknown_session") })
})

test("approve answers an open request by its first letters, and tells of a settled one", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("s", id("ses_a"))
  plane.say(id("ses_a"), started, question)

  expect((await cli(["approve", "a", "abc", "--deny"])).out).toBe("req_abc: deny\n")
  expect((await cli(["approve", "a", "req_settled", "--allow"])).err).toContain("answered already")
  expect((await cli(["approve", "a", "zzz", "--allow"])).err).toContain("It waits for req_abc.")
  plane.approve = async () => ({ requestId, decision: "deny" })
  expect((await cli(["approve", "a", "abc", "--always"])).out).toContain("was answered before: deny")
})

test("send, cancel and resume tell what they did", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("s", id("ses_a"))
  expect((await cli(["send", "a", "and", "then", "--mode", "interrupt"])).out).toContain("Sent to ses_a")
  expect((await cli(["send", "a", "-", "--json"], memoryIo({ input: "piped" }))).out).toBe(
    '{"messageId":"msg_fake"}\n',
  )
  expect((await cli(["cancel", "a"])).out).toBe("ses_a is starting.\n")
  expect((await cli(["resume", "a"])).out).toContain("epoch 2")
  expect(plane.calls.slice(0, 2).map(({ input }) => input)).toEqual([
    { sessionId: "ses_a", text: "and then", mode: "interrupt" },
    { sessionId: "ses_a", text: "piped", mode: undefined },
  ])
})

test("show is a page to read, whole however long, and --json the view", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("My title", id("ses_a"))
  plane.say(id("ses_a"), started, say("I will.\n"), tool("completed"))
  for (let index = 0; index < 2500; index++) plane.say(id("ses_a"), say(`line ${index}`, `m${index + 2}`))
  plane.say(id("ses_a"), question)
  const { out } = await cli(["show", "a"])
  const view = JSON.parse((await cli(["show", "a", "--json"])).out)

  expect(out).toMatch(/^My title {2}ses_a\nstatus +waiting\n/)
  expect(out).toContain("I will.\n\n✓ Edit a.ts  a.ts +2 -1\n\nline 0\n\nline 1\n")
  expect(out).toContain("line 2499")
  expect(out).toContain("agentz approve ses_a req_abc --allow")
  expect(view).toMatchObject({ session: { title: "My title" }, hasMore: false })
  expect(view.items).toHaveLength(2503)
})

test("show tells the repository as it stands now, and as it stood where it cannot be looked at", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  const dir = place.home.path
  const git = (...words: readonly string[]) =>
    execFileSync("git", ["-C", dir, "-c", "user.name=A", "-c", "user.email=a@b.c", ...words], {
      stdio: "ignore",
    })
  git("init", "-q", "-b", "main")
  git("commit", "-q", "--allow-empty", "-m", "first")
  await writeFile(join(dir, "new.txt"), "new")
  const startedIn = (workingDir: string, root: string): Unstamped => ({
    type: "session_started",
    agentType: "demo",
    workingDir,
    permissionMode: "ask",
    pid: 1,
    startTime: "1",
    bootId: "b",
    host: "h",
    incarnation: "i",
    version: "1",
    git: { root, branch: "then\x1b[31m", head: "0123456789abcdef" },
  })
  plane.session("here", id("ses_here"))
  plane.say(id("ses_here"), startedIn(dir, dir))
  plane.session("gone", id("ses_gone"))
  plane.say(id("ses_gone"), startedIn("/gone", "/gone"))

  expect((await cli(["show", "here"])).out).toMatch(
    new RegExp(`^repository +${dir} · main · [0-9a-f]{8} · [12] changed$`, "m"),
  )
  expect((await cli(["show", "gone"])).out).toMatch(/^repository +\/gone · then · 01234567$/m)
  const told = JSON.parse((await cli(["show", "here", "--json"])).out)
  expect(told.repository).toMatchObject({ root: dir, branch: "main" })
  expect(told.session.git.root).toBe(dir)
})

test("tail follows until Ctrl-C, and prints offsets to go on from", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("s", id("ses_a"))
  plane.say(id("ses_a"), started, say("one"))
  const io = memoryIo()
  const done = cli(["tail", "a", "--json"], io)
  await io.saw("one")
  plane.say(id("ses_a"), ended("end_turn"), started, say("two", "m2"))
  await io.saw("two")
  io.raise("SIGINT")
  const { code, out } = await done
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))

  expect(code).toBe(0)
  expect(lines.map(({ event }) => event.seq)).toEqual([0, 1, 2, 3, 4])
  const from = memoryIo()
  const again = cli(["tail", "a", "--from", lines[2].offset, "--json"], from)
  await from.saw("two")
  from.raise("SIGTERM")
  expect((await again).out.trim().split("\n")).toHaveLength(2)
})

test("tail --until-idle ends when the session is at rest", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("s", id("ses_a"))
  plane.say(id("ses_a"), started, say("one"))
  const io = memoryIo()
  const live = cli(["tail", "a", "--until-idle"], io)
  await io.saw("one")
  plane.say(id("ses_a"), ended("end_turn"))
  expect((await live).code).toBe(0)

  const replay = await cli(["tail", "a", "--until-idle", "--json"])
  expect(replay.out.trim().split("\n")).toHaveLength(3)
  const { offset } = await plane.getSession({ sessionId: id("ses_a") })
  expect((await cli(["tail", "a", "--until-idle", "--from", offset])).out).toBe("")
})

test("an event that comes twice, or from a writer that lost its place, is shown once", async () => {
  await using place = await setUp()
  const { cli, plane } = place
  plane.session("s", id("ses_a"))
  plane.say(id("ses_a"), started, say("one"), ended("end_turn"))
  const real = plane.follow
  plane.follow = async function* (request) {
    let count = 0
    for await (const placed of real(request)) {
      yield placed
      if (++count === 2) yield { ...placed, event: { ...placed.event, epoch: 0, seq: 99 } }
      yield placed
    }
  }
  const { out } = await cli(["tail", "a", "--until-idle", "--json"])
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event.seq),
  ).toEqual([0, 1, 2])
})
