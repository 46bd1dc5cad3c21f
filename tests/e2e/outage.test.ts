/** The stream server is away, the clock jumps: nothing is lost, and it is said. `AGENTZ_TEST_LONG=1` is away for a minute. */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import { isSame } from "#daemon/process/identity"
import { parseEvent, type SessionEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { wait } from "#streams/transport"
import { tempDir } from "../support/temp-dir.ts"
import { gapless, Installation, killHard, saidIn } from "./installation.ts"

const LONG = process.env.AGENTZ_TEST_LONG === "1"
const AWAY_MS = LONG ? 60_000 : 8_000
const TOKEN = "a-token-for-this-test-only"

/** A stream server that the installation was told of, so nobody but we starts it again. */
async function ownServer(
  dataDir: string,
  port = 0,
): Promise<{ url: string; port: number; process: ChildProcess }> {
  const child = spawn(
    process.execPath,
    [resolve("dist/src/cli/main.js"), "streams", "--json", "--port", String(port), "--data", dataDir],
    {
      env: { PATH: process.env.PATH ?? "", AGENTZ_STREAMS_TOKEN: TOKEN },
      stdio: ["ignore", "pipe", "ignore"],
    },
  )
  const line = await new Promise<string>((done, fail) => {
    child.stdout.once("data", (chunk) => done(String(chunk)))
    child.once("exit", (code) => fail(new Error(`agentz streams ended with ${code}`)))
  })
  const { url } = JSON.parse(line)
  return { url, port: Number(new URL(url).port), process: child }
}

test(
  `with the store away for ${AWAY_MS / 1000} s it is said, and everything is there afterwards, once and in order`,
  async () => {
    await using dir = await tempDir()
    const dataDir = join(dir.path, "streams")
    let server = await ownServer(dataDir)
    await using _server = { [Symbol.asyncDispose]: () => killHard(server.process) }
    await using agentz = await Installation.open({
      AGENTZ_STREAMS_URL: server.url,
      AGENTZ_STREAMS_TOKEN: TOKEN,
    })
    const { agent } = agentz.client(await agentz.up())
    const eventsOf = async (sessionId: SessionId): Promise<SessionEvent[]> => {
      const events: unknown[] = []
      const endpoint = () => ({ url: server.url, token: TOKEN })
      for await (const { items } of readToTail(endpoint, paths.events(sessionId), { forMs: 20_000 }))
        events.push(...items)
      return events.map(parseEvent).filter((event) => event !== null)
    }
    const chunks = Math.round(AWAY_MS / 20) + 400
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () =>
        agentz.spawn(`[[slow n=${chunks} ms=20]] [[huge mb=2 chunk=50000]] [[say text="the end"]]`),
      ),
    )
    for (const sessionId of sessions) while ((await eventsOf(sessionId)).length < 8) await wait(50)

    await killHard(server.process)
    const cut = performance.now()
    while ((await agent.storage.query()).behind.length < sessions.length) await wait(100)
    const saidAfter = performance.now() - cut
    expect(saidAfter).toBeLessThan(5_000)
    const listed = await agentz.run(["ls"])
    expect(listed.code).toBe(1)
    expect(listed.stderr).toContain("4 sessions go on meanwhile")
    await wait(Math.max(0, AWAY_MS - (performance.now() - cut)))
    const waited = (await agent.storage.query()).behind.reduce((sum, { events }) => sum + events, 0)
    server = await ownServer(dataDir, server.port)
    const back = performance.now()
    while ((await agent.storage.query()).behind.length > 0) await wait(50)
    const drainMs = performance.now() - back
    console.log(
      `said after ${Math.round(saidAfter)} ms; ${waited} events waited and were sent within ${Math.round(drainMs)} ms`,
    )
    // Five times as fast as they came.
    expect(drainMs).toBeLessThan(AWAY_MS / 5 + 2_000)
    for (const sessionId of sessions) {
      let events: SessionEvent[] = []
      do {
        await wait(200)
        events = await eventsOf(sessionId)
      } while (events.every(({ type }) => type !== "turn_ended"))
      expect(gapless(events)).toBe(true)
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      expect(
        events.some(
          (event) => event.type === "agent_message" && event.text.includes(`chunk ${chunks}/${chunks}`),
        ),
      ).toBe(true)
    }
  },
  90_000 + AWAY_MS * 4,
)

const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
const faked = existsSync(FAKETIME)
if (!faked) console.log("left out: clocks that jump need libfaketime (Debian: faketime)")

test.runIf(faked).each(["+1y", "-1y", "+1h", "-1h"])(
  "a control plane whose clock is off by %s ends nothing that runs, and starts what it is asked for",
  async (offset) => {
    await using agentz = await Installation.open()
    const first = await agentz.up()
    const running = await agentz.spawn("[[slow n=300 ms=40]]")
    await agentz.until(running, "streaming", (session) => saidIn(session).includes("chunk 5/"))
    await killHard(first.process)
    const clock = {
      LD_PRELOAD: FAKETIME,
      FAKETIME: offset,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_RESET: "1",
    }
    const up = await agentz.up(clock)
    const { sessionId } = await agentz.client(up).agent.spawn.mutate({
      agentType: "demo",
      prompt: "[[say text=hello]]",
      workingDir: agentz.workingDir,
      permissionMode: "bypass",
    })
    await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
    expect((await agentz.session(running)).status).toBe("running")
    expect(isSame(agentz.daemon(running))).toBe(true)
    const session = await agentz.until(running, "completed", ({ status }) => status === "completed", 60_000)
    expect(session.epoch).toBe(1)
    expect(gapless(await agentz.events(running))).toBe(true)
  },
)
