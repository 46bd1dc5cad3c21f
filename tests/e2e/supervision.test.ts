/** Who supervises whom: the stream server, the daemons and the API bring each other back, once, and say what they cannot. */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { identityOf, isSame } from "#daemon/process/identity"
import { newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { activityRowChange, sessionRowChange } from "#streams/registry"
import { appendTo, createStream, tailOf } from "#streams/stream"
import { wait } from "#streams/transport"
import { tempDir } from "../support/temp-dir.ts"
import { remainsOf } from "./crash-load.ts"
import { gapless, Installation, killHard, killPid, PROGRAM, saidIn } from "./installation.ts"

const streaming = (session: Parameters<typeof saidIn>[0]) => saidIn(session).includes("chunk 5/")

async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const limit = performance.now() + withinMs
  while (!(await is())) {
    if (performance.now() > limit) throw new Error(`Never ${what}.`)
    await wait(50)
  }
}

const startsOf = (agentz: Installation): number =>
  readFileSync(join(agentz.home, "streams.log"), "utf8").split('"streams_ready"').length - 1

test("with API and stream server dead a daemon that has something to say brings the stream server back", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessionId = await agentz.spawn('[[slow n=150 ms=50]] [[say text="the end"]]')
  await agentz.until(sessionId, "streaming", streaming)
  await killHard(up.process)
  await killPid(agentz.server())
  await eventually("back", () => agentz.streamServer() !== null)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("the end")
  expect(gapless(await agentz.events(sessionId))).toBe(true)
})

test("of many who find the stream server dead at once one starts it", async () => {
  await using agentz = await Installation.open()
  await agentz.spawn("[[say text=hello]]")
  const before = startsOf(agentz)
  await killPid(agentz.server())
  const listed = await Promise.all(Array.from({ length: 6 }, () => agentz.run(["ls", "--json"])))
  expect(listed.map(({ code }) => code)).toEqual(listed.map(() => 0))
  expect(startsOf(agentz)).toBe(before + 1)
})

test("a session whose spool cannot be opened ends truthfully when its daemon dies, says so, and goes on", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=400 ms=50]]")
  await agentz.until(sessionId, "streaming", streaming)
  const { spool } = filesOf(agentz.home, sessionId)
  rmSync(spool)
  mkdirSync(join(spool, "a-folder"), { recursive: true })
  await killPid(agentz.daemon(sessionId))
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  const notices = (await agentz.events(sessionId)).flatMap((event) =>
    event.type === "notice" && event.category === "spool" ? [event.title] : [],
  )
  expect(notices).toEqual([expect.stringContaining("EISDIR")])
  const kept = readdirSync(dirname(spool)).filter((name) => name.includes("set-aside"))
  expect(kept).toHaveLength(1)
  expect((await agentz.run(["send", sessionId, "[[say text=again]]"])).code).toBe(0)
  const session = await agentz.until(sessionId, "goes on", (it) => saidIn(it).includes("again"))
  expect(session.error).toBeNull()
})

test("a stream server that cannot start is tried ever more rarely, doctor says why, and it goes on by itself", async () => {
  await using agentz = await Installation.open()
  await agentz.run(["down", "--all"])
  const streams = join(agentz.home, "streams")
  writeFileSync(streams, "not a directory", { mode: 0o600 })
  const tries = []
  for (let n = 0; n < 4; n++) tries.push(await agentz.run(["ls"]))
  expect(tries.map(({ code }) => code)).toEqual([1, 1, 1, 1])
  const doctor = await agentz.run(["doctor", "--json"])
  const check = JSON.parse(doctor.stdout).checks.find(
    ({ name }: { name: string }) => name === "stream server",
  )
  expect(check).toMatchObject({
    status: "fail",
    detail: expect.stringContaining("in a row"),
    remedy: expect.any(String),
  })
  rmSync(streams)
  await eventually("up again", async () => (await agentz.run(["ls"])).code === 0)
})

test("down --all leaves no process, socket, lock or run file, whatever was killed before", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const killed = await agentz.spawn('[[bash cmd="sleep 300"]]')
  const running = await agentz.spawn("[[slow n=400 ms=50]]")
  await agentz.until(running, "streaming", streaming)
  await killHard(up.process)
  await killPid(agentz.daemon(killed))
  await killPid(agentz.server())
  expect((await agentz.run(["down", "--all"])).code).toBe(0)
  const sessions = [killed, running].map((sessionId) => ({ sessionId, epoch: 3 }))
  expect(remainsOf(agentz, sessions)).toEqual([])
})

test("down --all ends an API that cannot hear, and what goes on below it", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const running = await agentz.spawn("[[slow n=900 ms=50]]")
  await agentz.until(running, "streaming", streaming)
  up.process.kill("SIGSTOP")
  expect((await agentz.run(["down", "--all"])).code).toBe(0)
  expect(remainsOf(agentz, [{ sessionId: running, epoch: 1 }])).toEqual([])
})

const LONG = process.env.AGENTZ_TEST_LONG === "1"
if (!LONG) console.log("left out: an API that does not end is waited for (AGENTZ_TEST_LONG=1)")

test.runIf(LONG)("down --all kills an API that does not end, and the rest as well", async () => {
  await using agentz = await Installation.open()
  const running = await agentz.spawn("[[slow n=900 ms=50]]")
  await agentz.until(running, "streaming", streaming)
  const deaf = spawn("/bin/sh", ["-c", "trap '' TERM; echo up; while :; do sleep 1; done"])
  await new Promise((done) => deaf.stdout.once("data", done))
  const run = {
    ...identityOf(deaf.pid ?? 0),
    url: "http://127.0.0.1:9",
    streamsUrl: "",
    streamsPid: null,
    version: "0",
  }
  writeFileSync(join(agentz.home, "run", "api.json"), JSON.stringify(run), { mode: 0o600 })
  expect((await agentz.run(["down", "--all"])).code).toBe(0)
  expect(remainsOf(agentz, [{ sessionId: running, epoch: 1 }])).toEqual([])
})

test("after the machine started anew what ran is interrupted, and one command takes all of it up as it was launched", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessions = await Promise.all(
    ["one", "two"].map((word) =>
      agentz.spawn(`[[slow n=50 ms=60]] [[bash cmd="echo ${word} > ${word}.txt"]] [[say text=${word}]]`),
    ),
  )
  for (const sessionId of sessions) await agentz.until(sessionId, "streaming", streaming)
  const ended = [...sessions.map((sessionId) => agentz.daemon(sessionId)), agentz.server(), up]
  await killHard(up.process)
  for (const run of ended.slice(0, -1)) await killPid(run as Parameters<typeof killPid>[0])
  // As the run files of another boot: their numbers name other processes now, ours for one.
  for (const name of readdirSync(join(agentz.home, "run"))) {
    const file = join(agentz.home, "run", name)
    const run = JSON.parse(readFileSync(file, "utf8"))
    writeFileSync(file, JSON.stringify({ ...run, pid: process.pid, bootId: "another boot" }))
  }
  await agentz.up()
  for (const sessionId of sessions)
    await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 20_000)
  const listing = await agentz.run(["resume", "--all"])
  expect(listing.stdout).toContain(sessions[0] ?? "")
  expect(listing.stdout).toContain("--yes")
  const { stdout, code } = await agentz.run(["resume", "--all", "--yes", "--json"])
  expect(code).toBe(0)
  expect(JSON.parse(stdout).resumed).toHaveLength(2)
  for (const [index, sessionId] of sessions.entries()) {
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed", 60_000)
    expect(session.permissionMode).toBe("bypass")
    expect(session.workingDir).toBe(agentz.workingDir)
    expect(saidIn(session)).toContain(["one", "two"][index])
  }
  expect((await agentz.run(["resume", "--all", "--yes"])).stdout).toContain("No session was interrupted")
})

const MANY = LONG ? 1_000 : 200

test(`among ${MANY} sessions those whose daemon died are told the truth five seconds after an API start`, async () => {
  await using agentz = await Installation.open()
  const first = await agentz.up()
  const ended = await agentz.spawn("[[say text=done]]")
  const model = await agentz.until(ended, "completed", ({ status }) => status === "completed")
  const { sessions } = await agentz.client(first).agent.listSessions.query({})
  const row = sessions[0]
  if (!row?.activity) throw new Error("There is no row.")
  const { archive: _a, archivedAt: _b, status: _c, activity, ...launch } = row
  const others = Array.from({ length: MANY }, () => newSessionId())
  const one = async () => {
    for (let sessionId = others.pop(); sessionId !== undefined; sessionId = others.pop()) {
      await createStream(agentz.endpoint, paths.inbox(sessionId))
      await createStream(agentz.endpoint, paths.events(sessionId))
      const inboxOffset = await tailOf(agentz.endpoint, paths.inbox(sessionId))
      await appendTo(agentz.endpoint, paths.registry, [
        sessionRowChange({ ...launch, sessionId }),
        activityRowChange({ ...activity, sessionId, inboxOffset, seq: model.seq }),
      ])
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
  const lost = await Promise.all(Array.from({ length: 4 }, () => agentz.spawn("[[slow n=900 ms=50]]")))
  for (const sessionId of lost) await agentz.until(sessionId, "streaming", streaming)
  await killHard(first.process)
  for (const sessionId of lost) await killPid(agentz.daemon(sessionId))
  await agentz.up()
  for (const sessionId of lost)
    await agentz.until(sessionId, "true", ({ status }) => status === "interrupted", 5_000)
})

const tmux = spawnSync("tmux", ["-V"]).status === 0
if (!tmux) console.log("left out: a terminal that is killed needs tmux")

test.runIf(tmux)("a terminal that is killed takes the API with it and no session", async () => {
  await using agentz = await Installation.open()
  await using dir = await tempDir()
  const inTmux = (...args: readonly string[]) =>
    execFileSync("tmux", ["-S", join(dir.path, "socket"), "-f", "/dev/null", ...args], {
      env: agentz.environment({ SHELL: "/bin/sh", TERM: "xterm" }),
    })
  const api = join(agentz.home, "run", "api.json")
  inTmux("new-session", "-d", "-s", "agentz", process.execPath, PROGRAM, "up", "--no-open")
  try {
    await eventually("up", () => existsSync(api))
    const sessionId = await agentz.spawn("[[slow n=100 ms=40]]")
    await agentz.until(sessionId, "streaming", streaming)
    const run = JSON.parse(readFileSync(api, "utf8"))
    expect(isSame(run)).toBe(true)
    inTmux("kill-session", "-t", "agentz")
    await eventually("gone", () => !isSame(run))
    expect(isSame(agentz.daemon(sessionId))).toBe(true)
    expect(agentz.streamServer()).not.toBeNull()
    await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  } finally {
    spawnSync("tmux", ["-S", join(dir.path, "socket"), "kill-server"])
  }
})

test("a closed terminal ends the API and no session; npm's death leaves an API that says where it is", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=100 ms=40]]")
  await agentz.until(sessionId, "streaming", streaming)
  const gone = new Promise((done) => up.process.once("exit", done))
  up.process.kill("SIGHUP")
  expect(await gone).toBe(0)
  expect(agentz.runFiles()).not.toContain("api.json")
  expect(isSame(agentz.daemon(sessionId))).toBe(true)

  const npm = spawn("npm", ["run", "--silent", "start", "--ignore-scripts", "--", "--json", "--no-open"], {
    cwd: resolve("."),
    env: agentz.environment({ AGENTZ_PORT: new URL(up.api).port }),
    stdio: ["ignore", "pipe", "ignore"],
  })
  const line = await new Promise<string>((done) => npm.stdout.once("data", (chunk) => done(String(chunk))))
  const started = JSON.parse(line)
  await killHard(npm)
  const again = await agentz.run(["up", "--json"], { env: { AGENTZ_PORT: new URL(up.api).port } })
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ pid: started.pid, api: started.api })
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
})
