/**
 * The promise under random kill -9 of the API, the stream server and the daemons, while sessions stream. A short run
 * here; `AGENTZ_TEST_KILLS=200` makes a long one, `SEED=…` repeats one.
 */
import type { ChildProcess } from "node:child_process"
import { expect, test } from "vitest"
import { streamsRunFileOf } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { readRunFile, ServerRun } from "#daemon/run-file"
import { needsDaemon } from "#streams/session"
import { wait } from "#streams/transport"
import { seeded } from "../support/seeded.ts"
import { gapless, Installation, killHard, killPid, markedProcesses, saidIn } from "./installation.ts"

const KILLS = Number(process.env.AGENTZ_TEST_KILLS ?? 12)
const SESSIONS = 5
const CHUNKS = 20 * KILLS

test(
  `nothing is lost, doubled or left running after ${KILLS} random kills`,
  async () => {
    const random = seeded("kill anything")
    await using agentz = await Installation.open()
    let api: ChildProcess = (await agentz.up()).process
    const sessions = await Promise.all(
      Array.from({ length: SESSIONS }, () =>
        agentz.spawn(`[[slow n=${CHUNKS} ms=40]] [[say text="the end"]]`),
      ),
    )
    const streamServer = () => {
      const run = readRunFile(streamsRunFileOf(agentz.home), ServerRun)
      return run && isSame(run) ? run : null
    }
    const ids = new Map<string, Set<string>>(sessions.map((sessionId) => [sessionId, new Set()]))

    for (let kill = 0; kill < KILLS; kill++) {
      // What a reader has seen is acknowledged: it has to be there at the end.
      for (const sessionId of sessions)
        for (const { id } of await agentz.events(sessionId).catch(() => [])) ids.get(sessionId)?.add(id)
      const victim = random.pick(["api", "streams", "daemon"] as const)
      if (victim === "api") {
        await killHard(api)
        api = (await agentz.up()).process
      } else if (victim === "streams") {
        const server = streamServer()
        if (server) await killPid(server)
        for (let waited = 0; waited < 20_000 && !streamServer(); waited += 50) await wait(50)
      } else {
        const sessionId = random.pick(sessions)
        const { status } = await agentz.session(sessionId)
        if (!needsDaemon(status)) continue
        await killPid(agentz.daemon(sessionId))
        await agentz.until(
          sessionId,
          "true about its daemon",
          (session) => !needsDaemon(session.status),
          20_000,
        )
        expect((await agentz.run(["resume", sessionId])).code).toBe(0)
      }
    }

    for (const sessionId of sessions) {
      const session = await agentz.until(
        sessionId,
        "completed",
        ({ status }) => status === "completed",
        120_000,
      )
      const events = await agentz.events(sessionId)
      expect(gapless(events)).toBe(true)
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      const epochs = events.map(({ epoch }) => epoch)
      expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
      const there = new Set(events.map(({ id }) => id))
      expect([...(ids.get(sessionId) ?? [])].filter((id) => !there.has(id))).toEqual([])
      expect(saidIn(session)).toContain(`chunk ${CHUNKS}/${CHUNKS}`)
      expect(saidIn(session)).toContain("the end")
      expect(markedProcesses(sessionId)).toEqual([])
    }
  },
  60_000 + KILLS * 25_000,
)
