/** Work trees are given back, and never what is nowhere else. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { filesIn, repository } from "../support/repository.ts"
import { Installation, killHard, killPid } from "./installation.ts"

const edit = (text: string) => `[[bash cmd="echo ${text} > a.txt"]]`
const commit = (text: string) =>
  `[[bash cmd="echo ${text} > ${text}.txt; git add -A; git commit -qm ${text}"]]`
const parked = ({ status, daemon }: Session) => status === "completed" && daemon === null

interface Told {
  readonly sessionId: SessionId | null
  readonly path: string
  readonly work: string
  readonly why: string
  readonly bytes: number
  readonly removable: boolean
}

async function world(env: Record<string, string> = {}) {
  const at = await repository()
  const agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2", ...env })
  const json = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await agentz.run([...args, "--json"])
    if (code !== 0) throw new Error(`agentz ${args.join(" ")} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }
  return {
    at,
    agentz,
    json,
    async started(prompt: string, ...args: readonly string[]) {
      const sessionId = await agentz.spawn(prompt, "--cwd", at.path, "--worktree", ...args)
      const session = await agentz.until(sessionId, "parked", parked)
      return { sessionId, dir: session.workingDir ?? "" }
    },
    async [Symbol.asyncDispose]() {
      await agentz[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

test("prune --worktrees takes away what is merged or untouched, tells what is only there, and all can go on", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  await agentz.up()
  const [none, merged, squashed, unmerged, dirty] = await Promise.all([
    it.started("[[say text=hello]]"),
    it.started(commit("one"), "--branch", "one"),
    it.started(commit("two"), "--branch", "two"),
    it.started(commit("three"), "--branch", "three"),
    it.started(edit("four")),
  ])
  at.git(["merge", "-q", "one"])
  at.git(["merge", "-q", "--squash", "two"])
  at.git(["commit", "-qm", "squashed"])
  const busy = await agentz.spawn("[[slow n=900 ms=50]]", "--cwd", at.path, "--worktree")

  const plan = await json("prune", "--worktrees", "--dry-run")
  const told = new Map<SessionId | null, Told>(
    [...plan.removed, ...plan.kept].map((tree: Told) => [tree.sessionId, tree]),
  )
  const words = (sessionId: SessionId) => {
    const { work, why, removable } = told.get(sessionId) ?? {}
    return { work, why, removable }
  }
  expect(words(none.sessionId)).toEqual({ work: "none", why: "nothing was done in it", removable: true })
  expect(words(merged.sessionId)).toMatchObject({ work: "merged", removable: true })
  expect(words(squashed.sessionId)).toEqual({ work: "merged", why: "main has all of it", removable: true })
  expect(words(unmerged.sessionId)).toMatchObject({
    work: "only_here",
    why: expect.stringMatching(/^1 commit is on no other branch: `agentz merge/),
    removable: false,
  })
  expect(words(dirty.sessionId)).toMatchObject({
    work: "only_here",
    why: expect.stringMatching(/^1 file is in no commit, and only checkpoint 2 has them: `agentz commit/),
  })
  expect(words(busy)).toMatchObject({ why: "its session is running", removable: false })
  expect(told.get(none.sessionId)?.bytes).toBeGreaterThan(4_000)
  expect(existsSync(none.dir)).toBe(true)
  expect((await agentz.run(["prune", "--worktrees", "--json"])).code).toBe(64)

  const done = await json("prune", "--worktrees", "--yes")
  const removed = [none, merged, squashed]
  expect(done.removed.map((tree: Told) => tree.sessionId).sort()).toEqual(
    removed.map(({ sessionId }) => sessionId).sort(),
  )
  for (const { dir } of removed) expect(existsSync(dir)).toBe(false)
  for (const { dir } of [unmerged, dirty]) expect(existsSync(dir)).toBe(true)
  expect(readFileSync(join(dirty.dir, "a.txt"), "utf8")).toBe("four\n")
  expect(at.git(["branch", "--list", "one", "two"]).trim().split("\n")).toHaveLength(2)
  expect(
    at
      .git(["for-each-ref", `refs/agentz/${merged.sessionId}`])
      .trim()
      .split("\n"),
  ).toHaveLength(2)
  expect(at.git(["worktree", "list"]).trim().split("\n")).toHaveLength(4)
  expect((await agentz.run(["diff", merged.sessionId, "--stat"])).stdout).toContain("one.txt")

  await agentz.run(["send", merged.sessionId, `[[list]] ${edit("again")}`])
  const back = await agentz.until(
    merged.sessionId,
    "back",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(back.items.find((item) => item.type === "notice" && item.category === "work_tree")).toMatchObject({
    title: "The work tree was not there, and is made again with the files of checkpoint 2.",
  })
  expect(Object.keys(filesIn(merged.dir)).sort()).toEqual(["a.txt", "one.txt"])
  await agentz.run(["cancel", busy])
  at.git(["fsck", "--strict"])
})

test("an archived session gives its work tree back with all that is in it, and has it again byte for byte", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  at.write(".gitignore", "ignored.txt\n")
  at.git(["add", "-A"])
  at.git(["commit", "-qm", "ignore"])
  await agentz.up()
  const script = `${commit("kept")} [[bash cmd="echo new > b.txt; chmod +x b.txt; ln -s b.txt link; rm a.txt; echo x > ignored.txt"]]`
  const { sessionId, dir } = await it.started(script)
  writeFileSync(join(dir, "after the turn"), "by hand\n")
  const { "ignored.txt": ignored, ...files } = filesIn(dir)
  expect(ignored).toBeDefined()

  const archived = await json("archive", sessionId)
  expect(archived).toMatchObject({ sessionId, workTree: { given: true, bytes: expect.any(Number) } })
  expect(existsSync(dir)).toBe(false)
  expect(at.git(["worktree", "list"]).trim().split("\n")).toHaveLength(1)
  const fork = await json("fork", sessionId)
  expect(filesIn(fork.workingDir)).toEqual(files)
  expect((await agentz.run(["diff", sessionId, "--stat"])).stdout).toContain("b.txt")
  expect(await json("unarchive", sessionId)).toMatchObject({ workTree: { checkpoint: 3 } })
  expect(filesIn(dir)).toEqual(files)
  at.git(["status"], dir)

  expect(await json("archive", sessionId)).toMatchObject({ workTree: { given: true } })
  await agentz.run(["send", sessionId, "[[list]]"])
  const back = await agentz.until(
    sessionId,
    "back",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(
    back.items.some((item) => item.type === "notice" && item.title.includes("files of checkpoint 3")),
  ).toBe(true)
  expect(filesIn(dir)).toEqual(files)
  at.git(["fsck", "--strict"])
})

test("a work tree with something that no checkpoint can have stays where it is, and that is said", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  await agentz.up()
  const { sessionId, dir } = await it.started(
    `${edit("two")} [[bash cmd="git init -q inner; echo x > inner/x.txt"]]`,
  )
  expect(await json("archive", sessionId)).toMatchObject({
    archivedAt: expect.any(String),
    workTree: { given: false, why: expect.stringContaining("inner (nested repository)") },
  })
  expect(readFileSync(join(dir, "inner/x.txt"), "utf8")).toBe("x\n")
  expect(at.git(["status", "--porcelain"], dir)).toContain("a.txt")
})

test("a work tree that is locked, or has a repository inside that git keeps apart, stays though all is committed", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  const inner = join(at.outer, "inner")
  at.git(["init", "-q", inner], at.outer)
  at.git(["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "inner"], inner)
  const allowed = ["-c", "protocol.file.allow=always"]
  at.git([...allowed, "submodule", "--quiet", "add", inner, "sub"])
  at.git(["commit", "-qm", "with a submodule"])
  await agentz.up()
  const locked = await it.started("[[say text=hello]]")
  at.git(["worktree", "lock", locked.dir])
  const inside = await it.started("[[say text=hello]]")
  at.git([...allowed, "submodule", "--quiet", "update", "--init"], inside.dir)
  writeFileSync(join(inside.dir, "sub/only.txt"), "only here\n")
  const { removed, kept } = await json("prune", "--worktrees", "--yes")
  expect(removed).toEqual([])
  const why = new Map(kept.map((tree: Told) => [tree.sessionId, tree.why]))
  expect(why.get(locked.sessionId)).toContain("it is locked")
  expect(why.get(inside.sessionId)).toContain("the repository inside it, sub, may hold more")
  expect(await json("archive", inside.sessionId)).toMatchObject({ workTree: { given: false } })
  expect(existsSync(join(inside.dir, "sub/only.txt"))).toBe(true)
})

test("what takes a work tree down runs before it goes, with its output in the session; where it fails the tree stays", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  const log = join(at.outer, "down.log")
  const teardown = [`echo gone | tee -a ${log}`, "test ! -e stay || exit 4"]
  at.write(".agentz/config.yaml", `teardown: ${JSON.stringify(teardown)}\n`)
  await agentz.up()
  const args = ["run", "[[say text=hello]]", "--cwd", at.path, "--worktree", "--detach", "--json"]
  expect(JSON.parse((await agentz.run(args)).stderr).error.reason).toBe("commands_not_allowed")
  const trusted = await agentz.run(["trust", at.path, "--yes"])
  expect(trusted.stdout).toContain(`before a work tree is taken away:\n  ${teardown[0]}`)

  const { sessionId, dir } = await it.started("[[say text=hello]]")
  writeFileSync(join(dir, "stay"), "")
  expect(await json("archive", sessionId)).toMatchObject({
    workTree: { given: false, why: expect.stringContaining("ended with code 4") },
  })
  expect(existsSync(join(dir, "stay"))).toBe(true)
  const tools = (await json("show", sessionId)).items.filter(({ type }: { type: string }) => type === "tool")
  expect(tools).toMatchObject([
    { title: `Tear-down: ${teardown[0]}`, status: "completed", output: "gone\n", exitCode: 0 },
    { title: `Tear-down: ${teardown[1]}`, status: "failed", exitCode: 4 },
  ])

  const other = await it.started("[[say text=hello]]")
  const { removed } = await json("prune", "--worktrees", "--yes", other.sessionId)
  expect(removed).toMatchObject([{ sessionId: other.sessionId }])
  const third = await it.started("[[say text=hello]]")
  expect((await json("prune", third.sessionId, "--yes")).pruned).toMatchObject([
    { sessionId: third.sessionId },
  ])
  expect(existsSync(third.dir)).toBe(false)
  expect(readFileSync(log, "utf8")).toBe("gone\n".repeat(3))
})

test("set-up is done again in a work tree that was made again", async () => {
  await using it = await world()
  const { at, agentz, json } = it
  at.write(".gitignore", "ready.txt\n")
  at.git(["add", "-A"])
  at.git(["commit", "-qm", "ignore"])
  at.write(".agentz/config.yaml", `setup: ["echo ready > ready.txt"]\n`)
  await agentz.up()
  await agentz.run(["trust", at.path, "--yes"])
  const { sessionId, dir } = await it.started("[[say text=hello]]")
  await json("archive", sessionId)
  expect(existsSync(dir)).toBe(false)
  await agentz.run(["send", sessionId, "[[read path=ready.txt]]"])
  await agentz.until(sessionId, "back", ({ turns, status }) => turns === 2 && status === "completed")
  expect(readFileSync(join(dir, "ready.txt"), "utf8")).toBe("ready\n")
})

test("a session that was killed at work finds its deleted work tree again as its last checkpoint has it", async () => {
  await using it = await world()
  const { at, agentz } = it
  const up = await agentz.up()
  const sessionId = await agentz.spawn(
    `${edit("two")} [[checkpoint text="a.txt is two"]] [[hang]]`,
    "--cwd",
    at.path,
    "--worktree",
  )
  const { workingDir } = await agentz.until(sessionId, "noted", ({ note }) => note !== null)
  await killHard(up.process)
  await killPid(agentz.daemon(sessionId))
  const dir = workingDir ?? ""
  at.git(["worktree", "remove", "--force", dir])
  const { agent } = agentz.client(await agentz.up())
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  await agent.resume.mutate({ sessionId })
  await agentz.until(sessionId, "at it again", ({ turns, status }) => turns === 2 && status === "running")
  expect(filesIn(dir)).toEqual({ "a.txt": "- two\n" })
  await agent.cancel.mutate({ sessionId })
})
