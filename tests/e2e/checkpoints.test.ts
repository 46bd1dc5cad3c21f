/** The files of real sessions: kept around their turns, compared, and put back, from the command line and over tRPC. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { repository } from "../support/repository.ts"
import { Installation, killPid, refusalOf } from "./installation.ts"

test("what a turn did to the files is told, and taken back when it is asked", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn(
    `[[bash cmd="echo two > a.txt; mkdir -p d; echo new > d/new.txt"]]`,
    "--cwd",
    at.path,
  )
  await agentz.until(sessionId, "over", ({ status, daemon }) => status === "completed" && daemon === null)
  const own = at.own()

  const { checkpoints } = await agent.checkpoints.query({ sessionId })
  expect(checkpoints.map(({ n, when, turn, changed }) => [n, when, turn, changed.files])).toEqual([
    [1, "before_turn", 1, 0],
    [2, "after_turn", 1, 2],
  ])
  const { files, patch } = await agent.diff.query({ sessionId, turn: 1 })
  expect(files.map(({ path, status }) => `${status} ${path}`)).toEqual(["modified a.txt", "added d/new.txt"])
  expect(patch).toContain("-one\n+two\n")
  const events = await agentz.events(sessionId)
  const types = events.map(({ type }) => type)
  expect(types.indexOf("turn_started")).toBeLessThan(types.indexOf("checkpoint"))
  expect(types.lastIndexOf("checkpoint")).toBeLessThan(types.indexOf("turn_ended"))

  at.write("b.txt", "by a person\n")
  expect((await agent.changes.query({ sessionId })).files).toHaveLength(3)
  expect((await agentz.run(["diff", sessionId, "--stat", "--from", "2"])).stdout).toBe("A b.txt +1 -0\n")
  const preview = JSON.parse((await agentz.run(["restore", sessionId, "1", "--dry-run", "--json"])).stdout)
  expect(preview.files).toHaveLength(3)
  expect(at.read("a.txt")).toBe("two\n")
  const done = await agentz.run(["restore", sessionId, "1", "--yes"])
  expect(done).toMatchObject({ code: 0, stderr: "" })
  expect(at.read("a.txt")).toBe("one\n")
  expect(existsSync(join(at.path, "b.txt"))).toBe(false)
  expect(at.own()).toEqual(own)

  await agent.restore.mutate({ sessionId, n: 3 })
  expect(at.read("b.txt")).toBe("by a person\n")
  expect(await refusalOf(agent.restore.mutate({ sessionId, n: 99 }))).toMatchObject({
    reason: "unknown_checkpoint",
  })
  const { n } = await agent.checkpoint.mutate({ sessionId, note: "good" })
  expect((await agentz.run(["checkpoints", sessionId])).stdout).toMatch(new RegExp(`^${n} .* good$`, "m"))
  expect((await agentz.run(["show", sessionId])).stdout).toContain("as they were at checkpoint 1")
})

test("files are not put back under a running turn, and can be kept in it", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn(
    `[[bash cmd="echo two > a.txt"]] [[slow n=400 ms=50]]`,
    "--cwd",
    at.path,
  )
  await agentz.until(sessionId, "in its turn", ({ items }) =>
    items.some((one) => one.type === "tool" && one.status === "completed"),
  )
  const { n } = await agent.checkpoint.mutate({ sessionId })
  expect((await agent.changes.query({ sessionId, from: 1, to: n })).files).toMatchObject([{ path: "a.txt" }])
  expect(await refusalOf(agent.restore.mutate({ sessionId, n: 1 }))).toMatchObject({ reason: "session_busy" })
  await agent.cancel.mutate({ sessionId })
  await agent.restore.mutate({ sessionId, n: 1 })
  expect(at.read("a.txt")).toBe("one\n")
})

test("what a turn did before its daemon was killed is in the next checkpoint", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn(
    `[[bash cmd="echo two > a.txt"]] [[slow n=400 ms=50]]`,
    "--cwd",
    at.path,
  )
  await agentz.until(sessionId, "in its turn", ({ items }) =>
    items.some((one) => one.type === "tool" && one.status === "completed"),
  )
  await killPid(agentz.daemon(sessionId))
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  await agentz.run(["send", sessionId, "[[say text=again]]"])
  const session = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
  expect(session.checkpoints.map(({ when, turn, changed }) => [when, turn, changed.files])).toEqual([
    ["before_turn", 1, 0],
    ["before_turn", 2, 1],
  ])
})
