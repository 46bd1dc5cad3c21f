/** The stream server is away: nothing is lost, and it is said. `AGENTZ_TEST_LONG=1` is away for a minute. */
import { type ChildProcess, spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parseEvent, type SessionEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { wait } from "#streams/transport"
import { tempDir } from "../support/temp-dir.ts"
import { gapless, Installation, killHard, PROGRAM, residentKb } from "./installation.ts"

const LONG = process.env.AGENTZ_TEST_LONG === "1"
const AWAY_MS = LONG ? 60_000 : 6_000
/** Each says 50 events a second. */
const SESSIONS = LONG ? 10 : 4
/** What a daemon may need more while its events wait. */
const GROWTH_KB = 64 * 1024
const SPOOL_BYTES = 64 * 1024 * 1024
const TOKEN = "a-token-for-this-test-only"

/** A stream server that the installation was told of, so nobody but we starts it again. */
async function ownServer(
  dataDir: string,
  port = 0,
): Promise<{ url: string; port: number; process: ChildProcess }> {
  const child = spawn(
    process.execPath,
    [PROGRAM, "streams", "--json", "--port", String(port), "--data", dataDir],
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
    await using _server = {
      [Symbol.asyncDispose]: async () => {
        if (server.process.exitCode === null && server.process.signalCode === null)
          await killHard(server.process)
      },
    }
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
      Array.from({ length: SESSIONS }, () =>
        agentz.spawn(`[[slow n=${chunks} ms=20]] [[huge mb=2 chunk=50000]] [[say text="the end"]]`),
      ),
    )
    // This one begins when the store is away, and says more than fits into its spool.
    const away = join(agentz.workingDir, "away")
    const torrent = LONG
      ? await agentz.spawn(
          `[[slow n=20 ms=20]] [[bash cmd="until [ -e ${away} ]; do sleep 0.1; done"]] [[huge mb=72 chunk=200000]]`,
        )
      : null
    const all = torrent === null ? sessions : [...sessions, torrent]
    for (const sessionId of all) while ((await eventsOf(sessionId)).length < 8) await wait(50)
    const memory = () => sessions.map((sessionId) => residentKb(agentz.daemon(sessionId).pid))
    const before = memory()

    await killHard(server.process)
    writeFileSync(away, "")
    const cut = performance.now()
    while ((await agent.storage.query()).behind.length < all.length) await wait(100)
    const saidAfter = performance.now() - cut
    expect(saidAfter).toBeLessThan(5_000)
    const listed = await agentz.run(["ls"])
    expect(listed.code).toBe(1)
    expect(listed.stderr).toContain(`${all.length} sessions go on meanwhile`)
    await wait(Math.max(0, AWAY_MS - (performance.now() - cut)))
    const { behind } = await agent.storage.query()
    const waited = behind.reduce((sum, { events }) => sum + events, 0)
    const growthKb = Math.max(...memory().map((now, index) => now - (before[index] ?? 0)))
    expect(growthKb).toBeLessThan(GROWTH_KB)
    if (torrent !== null) {
      const held = behind.find(({ sessionId }) => sessionId === torrent)
      expect(held?.reason).toContain("the agent waits, too")
      expect(held?.bytes).toBeGreaterThanOrEqual(SPOOL_BYTES)
      expect(held?.bytes).toBeLessThan(SPOOL_BYTES * 1.1)
    }
    server = await ownServer(dataDir, server.port)
    const back = performance.now()
    const behindNow = async () => (await agent.storage.query()).behind.map(({ sessionId }) => sessionId)
    while ((await behindNow()).some((sessionId) => sessionId !== torrent)) await wait(50)
    const drainMs = performance.now() - back
    console.log(
      `said after ${Math.round(saidAfter)} ms; ${waited} events waited and were sent within ${Math.round(drainMs)} ms; a daemon grew by ${growthKb} KiB at most`,
    )
    // Five times as fast as they came.
    expect(drainMs).toBeLessThan(AWAY_MS / 5 + 2_000)
    for (const sessionId of all) {
      const completed = async () => {
        const { sessions: listed } = await agent.listSessions.query({ status: "completed" })
        return listed.some((one) => one.sessionId === sessionId)
      }
      while (!(await completed())) await wait(200)
      const events = await eventsOf(sessionId)
      expect(events.some(({ type }) => type === "turn_ended")).toBe(true)
      expect(gapless(events)).toBe(true)
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      if (sessionId === torrent) continue
      expect(
        events.some(
          (event) => event.type === "agent_message" && event.text.includes(`chunk ${chunks}/${chunks}`),
        ),
      ).toBe(true)
    }
  },
  90_000 + AWAY_MS * 4,
)
