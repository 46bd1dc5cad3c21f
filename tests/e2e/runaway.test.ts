/** Commands and agents that run away, and what is left of them: an error with its reason, and a session that goes on. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import { createFakeModel } from "../fixtures/fake-model/server.mjs"
import { offeredIsolations } from "../support/offered-isolations.ts"
import { Installation, markedProcesses, saidIn } from "./installation.ts"

const command = (cmd: string) => `[[bash cmd=${JSON.stringify(cmd)}]]`

/** None of them is too large; together they are. */
const HOG = `for i in 1 2 3; do perl -e '$x = "a" x (45 << 20); sleep 100' & done; wait; touch survived`
/** Not without end: a limit that does not hold must not take the machine down. */
const FORKS = "for i in $(seq 120); do sleep 100 & done; wait; touch survived"
const FILLER = "head -c 60m /dev/zero > big; while :; do sleep 1; done"

async function endedBy(agentz: Installation, sessionId: SessionId, code: string): Promise<void> {
  const session = await agentz.until(sessionId, code, ({ status }) => status === "failed", 60_000)
  expect(session.error).toMatchObject({ code, hint: expect.stringContaining(`agentz limit ${sessionId}`) })
  expect(session.items.at(-1)).toMatchObject({ type: "turn_end", stopReason: "error" })
  expect(markedProcesses(sessionId)).toEqual([])
  expect(existsSync(join(agentz.workingDir, "survived"))).toBe(false)
}

/** The limit is lifted, and the session does what it is told next. */
async function goesOn(agentz: Installation, sessionId: SessionId, lifted: string): Promise<void> {
  expect(await agentz.run(["limit", sessionId, lifted])).toMatchObject({ code: 0 })
  expect(await agentz.run(["send", sessionId, "[[say text=onward]]"])).toMatchObject({ code: 0 })
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("onward")
}

/** Where the kernel does not count, it is looked at in one way: the short form tries one of those. */
const kinds = offeredIsolations().filter((kind) => process.env.AGENTZ_TEST_LONG || kind !== "namespace")

describe.each(kinds)("isolation by %s", (kind) => {
  test("a command that takes more and more memory is ended, and the session goes on", async () => {
    await using agentz = await Installation.open({ AGENTZ_ISOLATION: kind })
    const sessionId = await agentz.spawn(command(HOG), "--limit", "memory=100m")
    await endedBy(agentz, sessionId, "memory_limit")
    await goesOn(agentz, sessionId, "memory=none")
  })

  test("a command that starts more and more processes is ended, and the session goes on", async () => {
    await using agentz = await Installation.open({ AGENTZ_ISOLATION: kind })
    const sessionId = await agentz.spawn(command(FORKS), "--limit", "processes=30")
    await endedBy(agentz, sessionId, "process_limit")
    await goesOn(agentz, sessionId, "processes=none")
  })
})

test("a command that fills the disk is ended; so is the next turn until there is room again", async () => {
  await using agentz = await Installation.open()
  const sessionId = await agentz.spawn(command(FILLER), "--limit", "disk=20m")
  await endedBy(agentz, sessionId, "disk_limit")
  await goesOn(agentz, sessionId, "disk=200m")
})

test("a turn without end is ended when its minutes are over, and resuming gives it as many again", async () => {
  await using agentz = await Installation.open({ AGENTZ_LIMIT_MINUTES: "0.03" })
  const sessionId = await agentz.spawn("[[hang]]")
  await endedBy(agentz, sessionId, "time_budget")
  // It keeps what it was started with, whoever starts it next.
  const { stdout } = await agentz.run(["limit", sessionId, "--json"], { env: { AGENTZ_LIMIT_MINUTES: "" } })
  expect(JSON.parse(stdout)).toEqual({ sessionId, limits: { minutes: 0.03 } })
  expect((await agentz.run(["resume", sessionId], { env: { AGENTZ_LIMIT_MINUTES: "" } })).code).toBe(0)
  await agentz.until(sessionId, "ended again", ({ turns, status }) => turns === 2 && status === "failed")
})

test("a model in circles is ended by its budget of tokens, and is not asked again until that is raised", async () => {
  const model = createFakeModel()
  const port = await model.listen(0)
  try {
    await using agentz = await Installation.open({
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: "sk-canary-1234567890",
      OPENAI_MODEL: "fake-model",
    })
    const circles = Array.from({ length: 40 }, () => "[[bash cmd=true]]").join(" ")
    const sessionId = await agentz.spawn(circles, "--agent", "openai-compatible", "--limit", "tokens=5k")
    await endedBy(agentz, sessionId, "cost_budget")
    const { usage } = await agentz.session(sessionId)
    expect(usage.inputTokens + usage.outputTokens).toBeGreaterThanOrEqual(5_000)
    const asked = model.log.length
    await agentz.run(["send", sessionId, "again"])
    await agentz.until(sessionId, "refused", ({ turns, status }) => turns === 2 && status === "failed")
    expect(model.log).toHaveLength(asked)
    await goesOn(agentz, sessionId, "tokens=none")
  } finally {
    await model.close()
  }
})

test("a limit that is set while the turn runs holds at once", async () => {
  await using agentz = await Installation.open()
  const sessionId = await agentz.spawn("[[hang]]")
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  await agentz.run(["limit", sessionId, "minutes=0.001"])
  await endedBy(agentz, sessionId, "time_budget")
})
