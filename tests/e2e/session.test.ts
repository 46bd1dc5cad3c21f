/** The main job, end to end: real processes, real files, and a kill wherever it hurts. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { streamsRunFileOf } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { readRunFile, ServerRun } from "#daemon/run-file"
import { wait } from "#streams/transport"
import { gapless, Installation, killHard, killPid, markedProcesses, saidIn } from "./installation.ts"

/** What the demo agent says at `[[slow n=…]]`. */
const slowly = (n: number) => Array.from({ length: n }, (_, index) => `chunk ${index + 1}/${n}`).join(" ")
const plain = (text: string) => text.replace(/\s+/g, " ").trim()

test("agentz run changes files in a real directory, and show tells what it did", async () => {
  await using agentz = await Installation.open()
  const { code, stdout } = await agentz.run([
    "run",
    '[[write path=hello.txt content="hello world"]] [[edit path=hello.txt old=world new=agentz]] [[say text="All done."]]',
    "--mode",
    "accept_edits",
  ])
  expect(code).toBe(0)
  expect(stdout).toContain("All done.")
  expect(readFileSync(join(agentz.workingDir, "hello.txt"), "utf8")).toBe("hello agentz")

  const listed = await agentz.run(["ls", "--json"])
  const sessionId = /ses_[a-z0-9]+/.exec(listed.stdout)?.[0] ?? ""
  const shown = await agentz.run(["show", sessionId])
  expect(shown.stdout).toContain("hello.txt")
  expect(shown.stdout).toContain("All done.")
  expect(shown.stdout).toContain("completed")
})

test("kill -9 of the API in mid-turn: the turn goes on, and a new API shows all of it", async () => {
  await using agentz = await Installation.open()
  const first = await agentz.up()
  const client = agentz.client(first)
  const { sessionId } = await client.agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[slow n=60 ms=50]]",
    workingDir: agentz.workingDir,
  })
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  const daemon = agentz.daemon(sessionId)
  await killHard(first.process)
  expect(isSame(daemon)).toBe(true)

  const second = await agentz.up()
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const view = await agentz.client(second).agent.getSession.query({ sessionId })
  expect(view.session.status).toBe("completed")
  expect(plain(view.items.flatMap((item) => (item.type === "message" ? [item.text] : [])).join(""))).toBe(
    slowly(60),
  )
  const events = await agentz.events(sessionId)
  expect(gapless(events)).toBe(true)
  expect(new Set(events.map(({ epoch }) => epoch))).toEqual(new Set([1]))
})

test("kill -9 of the stream server in mid-turn: the daemon spools, and nothing is missing or twice", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=80 ms=40]]")
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  const before = agentz.server()
  await killPid(before)
  // The API notices and starts it again, on the same data.
  const limit = performance.now() + 20_000
  const restarted = () => {
    const run = readRunFile(streamsRunFileOf(agentz.home), ServerRun)
    return run !== null && run.pid !== before.pid && isSame(run)
  }
  while (!restarted() && performance.now() < limit) await wait(50)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(plain(saidIn(session))).toBe(slowly(80))
  expect(gapless(await agentz.events(sessionId))).toBe(true)
})

test("kill -9 of the daemon in mid-turn: interrupted within 20 s, and resume goes on under a new epoch", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("[[say text=first]] [[slow n=100 ms=50]] [[say text=last]]")
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  await killPid(agentz.daemon(sessionId))
  const interrupted = await agentz.until(
    sessionId,
    "interrupted",
    ({ status }) => status === "interrupted",
    20_000,
  )
  expect(interrupted.items.at(-1)).toMatchObject({ type: "turn_end", stopReason: "interrupted" })

  expect((await agentz.run(["resume", sessionId])).code).toBe(0)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("last")
  expect(session.epoch).toBeGreaterThan(interrupted.epoch)
  expect(gapless(await agentz.events(sessionId))).toBe(true)
})

test("a message to an interrupted session continues the same conversation", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("Remember the blue door. [[slow n=100 ms=50]]")
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  await killPid(agentz.daemon(sessionId))
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 20_000)
  expect((await agentz.run(["send", sessionId, "[[recall]]"])).code).toBe(0)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("blue door")
})

test("cancel ends the turn and every process of it", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn('[[bash cmd="setsid sleep 300 & (sleep 301 &) ; sleep 302"]]')
  await agentz.until(sessionId, "running a command", () => markedProcesses(sessionId).length >= 3)
  const { code, stdout } = await agentz.run(["cancel", sessionId, "--json"])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ sessionId, status: "cancelled" })
  expect(markedProcesses(sessionId)).toEqual([])
})

test("a message to a parked session wakes it, and one during a turn is queued", async () => {
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  await agentz.up()
  const sessionId = await agentz.spawn("[[say text=one]]")
  await agentz.until(sessionId, "parked", ({ status, daemon }) => status === "completed" && daemon === null)
  const parked = (await agentz.session(sessionId)).epoch

  await agentz.run(["send", sessionId, "[[slow n=160 ms=50]]"])
  await agentz.until(sessionId, "woken", (session) => session.status === "running" && session.epoch > parked)
  await agentz.run(["send", sessionId, "[[say text=queued]]"])
  await agentz.until(sessionId, "queued", ({ queue }) => queue.length === 1)
  const session = await agentz.until(
    sessionId,
    "done with both",
    ({ turns, status }) => turns === 3 && status === "completed",
  )
  const order = session.items.flatMap((item) => (item.type === "message" ? [plain(item.text)] : []))
  expect(order).toEqual(["one", slowly(160), "queued"])
})

test("a permission asked before a kill of daemon and API is answered after it, and the call runs once", async () => {
  await using agentz = await Installation.open()
  const first = await agentz.up()
  const { sessionId } = await agentz.client(first).agent.spawn.mutate({
    agentType: "demo",
    prompt: '[[bash cmd="echo ran >> once.txt"]] [[say text=finished]]',
    workingDir: agentz.workingDir,
  })
  const waiting = await agentz.until(sessionId, "waiting", ({ status }) => status === "waiting")
  const requestId = waiting.approvals[0]?.requestId ?? ""
  await killPid(agentz.daemon(sessionId))
  await killHard(first.process)

  const second = await agentz.up()
  const lost = await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 20_000)
  expect(lost.approvals.map((open) => open.requestId)).toEqual([requestId])
  expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(false)

  const answer = await agentz.client(second).agent.approve.mutate({ sessionId, requestId, decision: "allow" })
  expect(answer).toEqual({ requestId, decision: "allow" })
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(readFileSync(join(agentz.workingDir, "once.txt"), "utf8")).toBe("ran\n")
  expect(saidIn(session)).toContain("finished")
  expect(session.approvals).toEqual([])
})

test("a daemon that crashes says so, and what it had said is kept", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn('[[say text="before the crash"]] [[crash]]')
  const session = await agentz.until(
    sessionId,
    "interrupted",
    ({ status }) => status === "interrupted",
    20_000,
  )
  expect(saidIn(session)).toContain("before the crash")
  expect(session.error?.hint).toContain("Resume")
})

test("agentz run without an API hears of its daemon's death, and says how to go on", async () => {
  await using agentz = await Installation.open()
  const running = agentz.run(["run", "[[slow n=400 ms=50]]"])
  const sessionId = await agentz.onlySession()
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  await killPid(agentz.daemon(sessionId))
  const { code, stdout, stderr } = await running
  expect(code).toBe(1)
  expect(stdout + stderr).toContain(`agentz resume ${sessionId}`)
})

test("down --all in mid-turn ends every process, and the session can be resumed afterwards", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn('[[bash cmd="sleep 300"]] [[say text="after all"]]')
  await agentz.until(sessionId, "running a command", () => markedProcesses(sessionId).length > 0)
  const daemon = agentz.daemon(sessionId)
  const streams = agentz.server()
  expect((await agentz.run(["down", "--all"])).code).toBe(0)
  expect([daemon, streams].filter(isSame)).toEqual([])
  expect(markedProcesses(sessionId)).toEqual([])

  await agentz.up()
  const stopped = await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  expect(stopped.error?.code).toBe("stopped")
  await agentz.run(["resume", sessionId])
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("after all")
})
