/** A limit of the agent's service: the session waits, and goes on by itself, whatever is killed meanwhile. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import { Installation, killPid, saidIn } from "./installation.ts"

const limited = (seconds: number) =>
  `[[error status=402 message="The plan is used up." reset=${seconds}]] [[bash cmd="echo ran >> once.txt"]] [[say text=finished]]`

const ranIn = (agentz: Installation): string => {
  const file = join(agentz.workingDir, "once.txt")
  return existsSync(file) ? readFileSync(file, "utf8") : ""
}

const startsOf = async (agentz: Installation, sessionId: SessionId): Promise<string[]> =>
  (await agentz.events(sessionId)).flatMap((event) => (event.type === "turn_started" ? [event.cause] : []))

test("agentz run follows a session over a limit, and says why and until when it waits", async () => {
  await using agentz = await Installation.open()
  const { code, stdout } = await agentz.run(["run", limited(3), "--mode", "bypass", "--on-limit", "wait"])
  expect(stdout).toMatch(
    /The plan is used up[\s\S]*waits until \d{4}-\d\d-\d\d \d\d:\d\d, then goes on by itself/,
  )
  expect(stdout).toContain("finished")
  expect(code).toBe(0)
  expect(ranIn(agentz)).toBe("ran\n")
})

test("every process is killed while it waits: it goes on by itself once there is an API again, exactly once", async () => {
  await using agentz = await Installation.open({ AGENTZ_ON_LIMIT: "wait" })
  const first = await agentz.up()
  const sessionId = await agentz.spawn(limited(8))
  await agentz.until(sessionId, "limited", ({ limit, status }) => limit !== null && status === "failed")
  const daemon = agentz.daemon(sessionId)
  first.process.kill("SIGKILL")
  await killPid(daemon)
  await killPid(agentz.server())
  const second = await agentz.up()
  const waiting = await agentz.session(sessionId)
  expect(waiting.limit).toMatchObject({ kind: "usage", message: "The plan is used up.", resumes: true })
  const listed = await agentz.client(second).agent.listSessions.query()
  expect(listed.sessions[0]?.activity?.limit).toMatchObject({ kind: "usage", resumes: true })
  const completed = agentz.until(sessionId, "completed", ({ status }) => status === "completed", 60_000)
  // Control planes of other processes look as well: all find that it is time, one is granted the epoch.
  const looking = Promise.all(
    [1, 2, 3].map(async () => {
      for (let status = ""; status !== "completed"; status = (await agentz.session(sessionId)).status)
        await agentz.run(["show", sessionId])
    }),
  )
  const session = await completed
  await looking
  expect(saidIn(session)).toContain("finished")
  expect(session.limit).toBeNull()
  expect(ranIn(agentz)).toBe("ran\n")
  expect(await startsOf(agentz, sessionId)).toEqual(["user", "recovery"])
})

test("a daemon that has left is started again when the limit is lifted", async () => {
  await using agentz = await Installation.open({ AGENTZ_ON_LIMIT: "wait", AGENTZ_IDLE_SECONDS: "0.2" })
  await agentz.up()
  const sessionId = await agentz.spawn(limited(15))
  await agentz.until(sessionId, "parked", ({ limit, daemon }) => limit !== null && daemon === null)
  const shown = await agentz.run(["show", sessionId])
  expect(shown.stdout).toMatch(/limit +waits until/)
  expect((await agentz.run(["ls"])).stdout).toContain("then goes on by itself")
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed", 60_000)
  expect(ranIn(agentz)).toBe("ran\n")
  expect(await startsOf(agentz, sessionId)).toEqual(["user", "recovery"])
})

test("a session that is not to wait stops at the limit; a person sends it on", async () => {
  await using agentz = await Installation.open()
  const { code, stdout } = await agentz.run(["run", limited(1), "--mode", "bypass"])
  expect(code).toBe(1)
  expect(stdout).toContain("limited, until")
  const sessionId = await agentz.onlySession()
  expect((await agentz.session(sessionId)).limit).toMatchObject({ resumes: false })
  await agentz.run(["resume", sessionId])
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(ranIn(agentz)).toBe("ran\n")
})

test.each([
  ["living", {}],
  ["parked", { AGENTZ_IDLE_SECONDS: "0.2" }],
])("cancel ends the waiting of a session whose daemon is %s, and it stays that way", async (_, env) => {
  await using agentz = await Installation.open({ AGENTZ_ON_LIMIT: "wait", ...env })
  await agentz.up()
  const sessionId = await agentz.spawn(limited(6))
  const parked = "AGENTZ_IDLE_SECONDS" in env
  const { limit } = await agentz.until(
    sessionId,
    "limited",
    (session) => session.limit !== null && (!parked || session.daemon === null),
  )
  await agentz.run(["cancel", sessionId])
  expect((await agentz.session(sessionId)).limit).toMatchObject({ resumes: false })
  // Another session that waits as long is the clock.
  const clock = await agentz.spawn("[[error status=429 reset=5]] [[say text=over]]")
  await agentz.until(clock, "completed", ({ status }) => status === "completed", 60_000)
  expect(Date.parse(limit?.until ?? "")).toBeLessThan(Date.now())
  expect(ranIn(agentz)).toBe("")
  expect(await startsOf(agentz, sessionId)).toEqual(["user"])
  await agentz.run(["resume", sessionId])
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(ranIn(agentz)).toBe("ran\n")
})
