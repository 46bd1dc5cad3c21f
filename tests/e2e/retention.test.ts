/** Old sessions: what they cost, archiving them, and forgetting them. */
import { existsSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { paths } from "#streams/paths"
import { isClosed } from "#streams/stream"
import { Installation, killPid, saidIn } from "./installation.ts"

test("prune deletes sessions that ended, and none that is alive, waits, or holds what its stream lacks", async () => {
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const { agent } = agentz.client(await agentz.up())
  const parked = async (prompt: string) => {
    const sessionId = await agentz.spawn(prompt)
    await agentz.until(sessionId, "parked", ({ status, daemon }) => status === "completed" && daemon === null)
    return sessionId
  }
  const old = await parked("[[say text=old]]")
  const unsent = await parked("[[say text=unsent]]")
  const alive = await agentz.spawn("[[slow n=900 ms=50]]")
  const { sessionId: waiting } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: '[[bash cmd="echo hi"]]',
    workingDir: agentz.workingDir,
  })
  await agentz.until(waiting, "waiting", ({ status }) => status === "waiting")
  await killPid(agentz.daemon(waiting))
  await agentz.until(waiting, "interrupted", ({ status }) => status === "interrupted", 20_000)
  const { sessionId: limited } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[error status=429 reset=3600]]",
    workingDir: agentz.workingDir,
    onLimit: "wait",
  })
  await agentz.until(limited, "parked", ({ limit, daemon }) => limit !== null && daemon === null)
  const { seq } = await agentz.session(unsent)
  const [model] = await agentz.events(unsent)
  const line = JSON.stringify({ ...model, id: "evt_unsent", seq: seq + 1 })
  writeFileSync(filesOf(agentz.home, unsent).spool, `${line}\n`)

  const ids = [old, unsent, alive, waiting, limited]
  const plan = JSON.parse((await agentz.run(["prune", ...ids, "--dry-run", "--json"])).stdout)
  expect(plan.pruned.map(({ sessionId }: { sessionId: string }) => sessionId)).toEqual([old])
  expect(plan.pruned[0].streamBytes).toBeGreaterThan(500)
  expect((await agentz.run(["prune", ...ids, "--json"])).code).toBe(64)
  const done = JSON.parse((await agentz.run(["prune", ...ids, "--yes", "--json"])).stdout)
  expect(done.pruned).toHaveLength(1)
  const why = Object.fromEntries(
    done.kept.map((one: { sessionId: string; why: string }) => [one.sessionId, one.why]),
  )
  expect(why[alive]).toContain("alive")
  expect(why[waiting]).toContain("question")
  expect(why[limited]).toContain("limit")
  expect(why[unsent]).toContain("spool")

  expect(existsSync(filesOf(agentz.home, old).dir)).toBe(false)
  expect(await isClosed(agentz.endpoint, paths.events(old))).toBe(true)
  expect(await isClosed(agentz.endpoint, paths.inbox(old))).toBe(true)
  const { sessions } = await agent.listSessions.query({})
  expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual([unsent, alive, waiting, limited].sort())
  expect((await agentz.run(["show", old])).code).toBe(1)
})

test("an archived session is shown as before, takes less room, and a message brings it back", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("Remember the blue door. [[slow n=60 ms=20]]")
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const shown = async () => {
    const { session, items } = JSON.parse((await agentz.run(["show", sessionId, "--json"])).stdout)
    return { items, status: session.status, turns: session.turns }
  }
  const costs = async () =>
    JSON.parse((await agentz.run(["ls", "--size", "--json"])).stdout).sizes[0].streamBytes
  const running = await agentz.spawn("[[slow n=900 ms=50]]")
  expect((await agentz.run(["archive", running])).stderr).toContain("cannot be archived now")
  await agentz.run(["cancel", running])
  await agentz.run(["prune", running, "--yes"])

  const before = await shown()
  expect((await agentz.run(["archive", sessionId])).code).toBe(0)
  expect(await shown()).toEqual(before)
  const listed = JSON.parse((await agentz.run(["ls", "--json"])).stdout).sessions
  expect(listed.find((one: { sessionId: string }) => one.sessionId === sessionId).archivedAt).toEqual(
    expect.any(String),
  )
  expect(await costs()).toBeGreaterThan(0)
  const told = await agentz.run(["tail", sessionId, "--until-idle", "--json"])
  expect(told.stdout).not.toContain("agent_message_chunk")

  expect((await agentz.run(["send", sessionId, "[[recall]]"])).code).toBe(0)
  const session = await agentz.until(
    sessionId,
    "back",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(saidIn(session)).toContain("blue door")
  expect((await agentz.run(["rename", sessionId, "A", "better", "title"])).code).toBe(0)
  expect((await agentz.run(["ls"])).stdout).toContain("A better title")
})
