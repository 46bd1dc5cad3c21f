/** The clock on the wall jumps in one process after the other, while all of them work: nothing that runs or waits is given up. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isSame } from "#daemon/process/identity"
import { CLOCKS, jumpingClocks } from "../support/jumping-clocks.ts"
import { gapless, Installation, killHard, killPid } from "./installation.ts"

const HOUR_MS = 3_600_000
const JUMPS = process.env.AGENTZ_TEST_LONG
  ? [HOUR_MS, -HOUR_MS, 365 * 24 * HOUR_MS, -365 * 24 * HOUR_MS]
  : [HOUR_MS, -HOUR_MS]

const hoursOff = (at: string | undefined) => Math.round((Date.parse(at ?? "") - Date.now()) / HOUR_MS)

test(`no jump of the clock by an hour${JUMPS.length > 2 ? " or a year" : ""} ends, loses or reorders anything, in whatever process it is`, async () => {
  await using clocks = await jumpingClocks()
  await using agentz = await Installation.open(clocks.env)
  const up = await agentz.up()
  const { agent } = agentz.client(up)
  const spawn = (prompt: string, permissionMode: "ask" | "bypass" = "bypass") =>
    agent.spawn.mutate({ agentType: "demo", prompt, workingDir: agentz.workingDir, permissionMode })
  const { sessionId: waiting } = await spawn('[[bash cmd="echo hi"]]', "ask")
  const { sessionId: running } = await spawn("[[slow n=5000 ms=20]]")
  await agentz.until(waiting, "waiting", ({ status }) => status === "waiting")
  const chunks = ({ items }: { readonly items: readonly unknown[] }) =>
    Number([...JSON.stringify(items).matchAll(/chunk (\d+)\//g)].at(-1)?.[1] ?? 0)
  const goesOn = async () => {
    const before = chunks(await agentz.session(running))
    await agentz.until(running, "going on", (session) => chunks(session) > before + 10)
  }
  for (const kind of CLOCKS)
    for (const [index, ms] of JUMPS.entries()) {
      clocks.set(kind, ms)
      await goesOn()
      if (index % 2 === 0) continue
      const { sessionId } = await spawn("[[say text=hello]]")
      await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
      const [started] = await agentz.events(sessionId)
      const { sessions } = await agent.listSessions.query({ limit: 1 })
      // They do have another clock.
      if (kind === "api") expect(hoursOff(sessions[0]?.createdAt)).toBe(ms / HOUR_MS)
      if (kind === "daemon") expect(hoursOff(started?.at)).toBe(ms / HOUR_MS)
    }
  // Whoever starts with another clock believes nobody less.
  clocks.set("streams", HOUR_MS)
  clocks.set("api", -HOUR_MS)
  await killHard(up.process)
  await killPid(agentz.server())
  const again = agentz.client(await agentz.up())
  await goesOn()
  const served = readFileSync(join(agentz.home, "streams.log"), "utf8").trimEnd().split("\n")
  const { at } = JSON.parse(served.findLast((line) => line.includes("streams_ready")) ?? "{}")
  expect(hoursOff(at)).toBe(1)

  for (const sessionId of [running, waiting]) {
    expect((await agentz.session(sessionId)).epoch).toBe(1)
    expect(isSame(agentz.daemon(sessionId))).toBe(true)
    expect(gapless(await agentz.events(sessionId))).toBe(true)
  }
  const [question] = (await agentz.session(waiting)).approvals
  if (!question) throw new Error("The question is gone.")
  const { requestId } = question
  await again.agent.approve.mutate({ sessionId: waiting, requestId, decision: "allow" })
  await agentz.until(waiting, "completed", ({ status }) => status === "completed")
  await again.agent.cancel.mutate({ sessionId: running })
})
