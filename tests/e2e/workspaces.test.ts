/** Sessions in work trees of their own, and sessions that go on from a moment of another one. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { filesIn, repository } from "../support/repository.ts"
import { Installation, refusalOf, saidIn } from "./installation.ts"

const WORDS = ["red", "green", "blue"]

const write = (text: string) => `[[bash cmd="echo ${text} > a.txt"]]`

test("sessions in work trees of one repository work side by side and leave its own files alone", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const own = at.own()
  const ids = await Promise.all(
    WORDS.map((word) => agentz.spawn(write(word), "--cwd", at.path, "--worktree")),
  )
  for (const [index, sessionId] of ids.entries()) {
    const { workingDir } = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
    expect(readFileSync(join(workingDir ?? "", "a.txt"), "utf8")).toBe(`${WORDS[index]}\n`)
    const { files } = await agent.changes.query({ sessionId })
    expect(files).toMatchObject([{ path: "a.txt", status: "modified", added: 1, removed: 1 }])
  }
  expect(at.read("a.txt")).toBe("one\n")
  expect({ ...at.own(), refs: "" }).toEqual({ ...own, refs: "" })
  const { sessions } = await agent.listSessions.query({})
  expect(sessions[0]?.worktree).toMatchObject({ root: at.path, branch: expect.stringMatching(/^agentz\//) })
  at.git(["fsck", "--strict"])
})

test("a work tree that cannot be made is refused before anything is started, with the remedy", async () => {
  await using at = await repository()
  await using plain = await repository({ plain: true })
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const reasonOf = async (workingDir: string, workspace: { branch?: string; base?: string }) =>
    (
      await refusalOf(
        agent.spawn.mutate({
          agentType: "demo",
          prompt: "hello",
          workingDir,
          workspace: { kind: "worktree", ...workspace },
        }),
      )
    ).reason
  expect(await reasonOf(plain.path, {})).toBe("no_repository")
  expect(await reasonOf(at.path, { base: "nowhere" })).toBe("unknown_base")
  expect(await reasonOf(at.path, { base: "--all" })).toBe("unknown_base")
  expect(await reasonOf(at.path, { branch: "--force" })).toBe("branch_refused")
  expect(await reasonOf(at.path, { branch: "a..b" })).toBe("branch_refused")
  expect(await reasonOf(at.path, { branch: "main" })).toBe("branch_in_use")
  plain.git(["init", "-q"])
  expect(await reasonOf(plain.path, {})).toBe("no_commit_yet")
  expect((await agent.listSessions.query({})).sessions).toEqual([])
  expect(at.git(["branch"])).toBe("* main\n")
})

test.each([{ plain: false }, { plain: true }])(
  "a fork goes on from a moment with its words and files, and the other session stays as it is (plain: $plain)",
  async ({ plain }) => {
    await using at = await repository({ plain })
    if (plain) at.write("a.txt", "one\n")
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
    const { agent } = agentz.client(await agentz.up())
    const sessionId = await agentz.spawn(`first [[say text=red]] ${write("two")}`, "--cwd", at.path)
    await agentz.until(sessionId, "over", ({ status }) => status === "completed")
    await agentz.run(["send", sessionId, `second [[say text=blue]] ${write("three")}`])
    await agentz.until(sessionId, "twice over", ({ turns, status }) => turns === 2 && status === "completed")

    const { sessionId: fork, workingDir } = await agent.fork.mutate({ sessionId, at: 2 })
    expect(filesIn(workingDir)).toEqual({ "a.txt": "- two\n" })
    const session = await agentz.session(fork)
    expect(session).toMatchObject({ status: "completed", turns: 1, forkedFrom: { sessionId } })
    expect(saidIn(session)).toContain("red")
    expect(saidIn(session)).not.toContain("blue")

    await agentz.run(["send", fork, `third ${write("four")}`])
    const after = await agentz.until(
      fork,
      "over",
      ({ turns, status }) => turns === 2 && status === "completed",
    )
    expect(after.workingDir).toBe(workingDir)
    expect(after.checkpoints.map(({ n }) => n)).toEqual([1, 2, 3])
    expect(at.read("a.txt")).toBe("three\n")
    await agent.restore.mutate({ sessionId: fork, n: 1 })
    expect(readFileSync(join(workingDir, "a.txt"), "utf8")).toBe("one\n")
    expect(at.read("a.txt")).toBe("three\n")
    if (!plain) at.git(["fsck", "--strict"])
  },
)
