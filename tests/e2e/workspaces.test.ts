/** Sessions in work trees of their own, and sessions that go on from a moment of another one. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
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

test("a repository's commands run in a new work tree once they were allowed, and only those that were shown", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const config = (...commands: readonly string[]) =>
    at.write(".agentz/config.yaml", `copy: [.env, ../../etc/passwd]\nsetup: ${JSON.stringify(commands)}\n`)
  at.write(".gitignore", ".env\n")
  at.write(".env", "KEY=1\n")
  config("echo ready | tee ready.txt", "test -e go || exit 3")
  const args = ["run", "[[say text=hello]]", "--cwd", at.path, "--worktree", "--detach", "--mode", "bypass"]
  expect(JSON.parse((await agentz.run([...args, "--json"])).stderr).error.reason).toBe("commands_not_allowed")
  expect((await agentz.run(["trust", at.path])).code).toBe(64)
  expect((await agentz.run(["trust", at.path, "--yes"])).stdout).toContain(
    "  test -e go || exit 3\nThey are allowed now.",
  )

  const sessionId = await agentz.spawn("[[say text=hello]]", "--cwd", at.path, "--worktree")
  const failed = await agentz.until(sessionId, "failed", ({ status }) => status === "failed")
  expect(failed.error?.code).toBe("setup_failed")
  expect(failed.items.filter(({ type }) => type !== "notice")).toMatchObject([
    { type: "user" },
    {
      type: "tool",
      title: "Set-up: echo ready | tee ready.txt",
      status: "completed",
      output: "ready\n",
      exitCode: 0,
    },
    { type: "tool", status: "failed", exitCode: 3 },
    { type: "turn_end" },
  ])
  const dir = failed.workingDir ?? ""
  expect(Object.keys(filesIn(dir)).sort()).toEqual([".env", "a.txt", "ready.txt"])
  writeFileSync(join(dir, "go"), "")
  await agent.resume.mutate({ sessionId })
  const done = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
  expect(done.items.filter((item) => item.type === "tool")).toHaveLength(3)
  expect(saidIn(done)).toContain("hello")

  config("echo other")
  expect((await agentz.run(args)).code).toBe(1)
  expect((await agentz.run([...args, "--no-setup"])).code).toBe(0)
})

test("prune takes a work tree away only when nothing in it is nowhere else, and its branch stays", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  await agentz.up()
  const sessionId = await agentz.spawn(write("red"), "--cwd", at.path, "--worktree", "--branch", "feature")
  const { workingDir } = await agentz.until(
    sessionId,
    "parked",
    ({ status, daemon }) => status === "completed" && daemon === null,
  )
  const dir = workingDir ?? ""
  const prune = async () => JSON.parse((await agentz.run(["prune", sessionId, "--yes", "--json"])).stdout)
  expect((await prune()).kept).toMatchObject([
    { sessionId, why: expect.stringContaining("not committed (1)") },
  ])
  expect(readFileSync(join(dir, "a.txt"), "utf8")).toBe("red\n")
  at.git(["commit", "-qam", "red"], dir)
  expect((await prune()).pruned).toMatchObject([{ sessionId }])
  expect(existsSync(dir)).toBe(false)
  expect(at.git(["show", "feature:a.txt"])).toBe("red\n")
  expect(at.git(["for-each-ref", "refs/agentz/"])).toBe("")
  expect(at.git(["worktree", "list"]).trim().split("\n")).toHaveLength(1)
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
    // From before the second message, and from before the first one: with the files that each of them found.
    const { items } = await agentz.session(sessionId)
    const begun = items.flatMap((item) => (item.type === "user" && item.turnId !== null ? [item.seq] : []))
    for (const [turn, found, had] of [
      [0, "one\n", 0],
      [1, "two\n", 1],
    ] as const) {
      const seq = (begun[turn] ?? 0) - 1
      const made = await agent.fork.mutate({ sessionId, seq, prompt: `again ${write("five")}` })
      const said = await agentz.until(
        made.sessionId,
        "said again",
        ({ turns, status }) => turns === had + 1 && status === "completed",
      )
      expect(saidIn(said).includes("red")).toBe(had === 1)
      expect(filesIn(made.workingDir)).toEqual({ "a.txt": "- five\n" })
      await agent.restore.mutate({ sessionId: made.sessionId, n: said.checkpoints.at(-2)?.n ?? 1 })
      expect(readFileSync(join(made.workingDir, "a.txt"), "utf8")).toContain(found.trim())
    }
    await agent.restore.mutate({ sessionId: fork, n: 1 })
    expect(readFileSync(join(workingDir, "a.txt"), "utf8")).toBe("one\n")
    expect(at.read("a.txt")).toBe("three\n")
    if (!plain) at.git(["fsck", "--strict"])
  },
)
