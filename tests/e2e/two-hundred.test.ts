import { expect, test } from "vitest"
import { wait } from "#streams/transport"
import { gapless, Installation, killHard } from "./installation.ts"

const LONG = process.env.AGENTZ_TEST_LONG === "1"
if (!LONG) console.log("left out: two hundred sessions at once take minutes (AGENTZ_TEST_LONG=1)")

test.runIf(LONG)(
  "two hundred sessions at once all end truthfully, while the API is killed and started ten times",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const began = performance.now()
    let up = await agentz.up()
    const keys = Array.from({ length: 200 }, (_, n) => `session ${n}`)
    const spawned = new Map<string, Awaited<ReturnType<typeof spawnOne>>["sessionId"]>()
    const spawnOne = (key: string) =>
      agentz.client(up).agent.spawn.mutate({
        agentType: "demo",
        prompt: '[[text n=30 ms=20]] [[bash cmd="echo hi"]] [[say text=done]]',
        workingDir: agentz.workingDir,
        permissionMode: "bypass",
        idempotencyKey: key,
      })
    const spawning = (async () => {
      for (const key of keys)
        while (!spawned.has(key))
          await spawnOne(key).then(
            ({ sessionId }) => spawned.set(key, sessionId),
            () => wait(200), // The API was killed in mid-call: the same key names the same session.
          )
    })()
    const restartMs: number[] = []
    for (let kill = 0; kill < 10; kill++) {
      await wait(4_000)
      const from = performance.now()
      await killHard(up.process)
      up = await agentz.up()
      restartMs.push(performance.now() - from)
    }
    await spawning
    for (const sessionId of spawned.values()) {
      const session = await agentz.until(
        sessionId,
        "completed",
        ({ status }) => status === "completed",
        300_000,
      )
      expect(session.turns).toBe(1)
      expect(gapless(await agentz.events(sessionId))).toBe(true)
    }
    const seconds = (performance.now() - began) / 1000
    console.log(
      `200 sessions completed in ${seconds.toFixed(0)} s; the API was back within ${Math.round(Math.max(...restartMs))} ms`,
    )
    const { sessions } = await agentz.client(up).agent.listSessions.query({})
    expect(sessions.map(({ status }) => status)).toEqual(keys.map(() => "completed"))
  },
  900_000,
)
