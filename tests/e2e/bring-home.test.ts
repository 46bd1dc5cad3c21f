/** What sessions did in work trees of their own is brought home: committed, merged, or taken as a patch. */
import { execFileSync } from "node:child_process"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { repository, type TestRepository } from "../support/repository.ts"
import { Installation, refusalOf } from "./installation.ts"

const sh = (command: string) => `[[bash ask=no cmd=${JSON.stringify(command)}]]`

/** How a session comes to rest in a work tree of the repository. */
async function planeOf(agentz: Installation, at: TestRepository) {
  const { agent } = agentz.client(await agentz.up())
  const work = async (command: string) => {
    const sessionId = await agentz.spawn(sh(command), "--cwd", at.path, "--worktree")
    const { workingDir } = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
    return { sessionId, dir: workingDir ?? "" }
  }
  return { agent, work }
}

const subjects = (at: TestRepository, branch = "main") =>
  at.git(["log", "--format=%s", branch]).trim().split("\n")

test("a session is committed in the user's name and merged, and goes on from there", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent, work } = await planeOf(agentz, at)
  const { sessionId, dir } = await work("printf 'two\\n' > a.txt; printf 'new\\n' > b.txt; chmod +x b.txt")
  expect((await agent.mergePreview.query({ sessionId })).refused?.reason).toBe("uncommitted_changes")
  const { commit } = await agent.commit.mutate({ sessionId, message: "Say two\n\nand b" })
  expect(at.git(["log", "-1", "--format=%an <%ae> %s", commit]).trim()).toBe("A <a@example.com> Say two")
  expect((await refusalOf(agent.commit.mutate({ sessionId, message: "again" }))).reason).toBe(
    "nothing_to_commit",
  )
  const preview = await agent.mergePreview.query({ sessionId })
  expect(preview).toMatchObject({ into: "main", conflicts: [], refused: null, uncommitted: [] })
  expect(preview.files.map(({ path }) => path)).toEqual(["a.txt", "b.txt"])
  expect(at.read("a.txt")).toBe("one\n")
  await agent.merge.mutate({ sessionId })
  expect(at.read("a.txt")).toBe("two\n")
  expect(subjects(at)).toEqual(["Say two", "first"])
  expect(at.git(["status", "--porcelain"])).toBe("")
  expect((await refusalOf(agent.merge.mutate({ sessionId }))).reason).toBe("nothing_to_merge")
  at.write("c.txt", "mine\n")
  at.git(["add", "."])
  at.git(["commit", "-qm", "Of the user"])
  await agent.sendMessage.mutate({ sessionId, text: sh("printf 'three\\n' > a.txt") })
  await agentz.until(sessionId, "over again", ({ status, turns }) => status === "completed" && turns === 2)
  await agent.commit.mutate({ sessionId, message: "Say three" })
  await agent.merge.mutate({ sessionId, how: "rebase" })
  expect(subjects(at)).toEqual(["Say three", "Of the user", "Say two", "first"])
  expect(readFileSync(join(dir, "c.txt"), "utf8")).toBe("mine\n")
  at.git(["fsck", "--strict"])
})

test("both changed the same: it is found beforehand, nothing is moved, and what was settled is merged", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent, work } = await planeOf(agentz, at)
  const { sessionId, dir } = await work("printf 'theirs\\n' > a.txt")
  await agent.commit.mutate({ sessionId, message: "Theirs" })
  at.write("a.txt", "ours\n")
  at.git(["commit", "-qam", "Ours"])
  const before = at.own()
  for (const how of ["merge", "squash", "rebase"] as const) {
    const { conflicts, refused, request } = await agent.mergePreview.query({ sessionId, how })
    expect({ conflicts, reason: refused?.reason }).toEqual({
      conflicts: ["a.txt"],
      reason: "merge_conflicts",
    })
    expect(request).toContain("git merge main")
    expect((await refusalOf(agent.merge.mutate({ sessionId, how }))).reason).toBe("merge_conflicts")
  }
  expect(at.own()).toEqual(before)
  const settle =
    "git -c user.name=D -c user.email=d@example.com merge main; printf 'both\\n' > a.txt; git add a.txt"
  await agent.sendMessage.mutate({ sessionId, text: sh(settle) })
  await agentz.until(sessionId, "settled", ({ status, turns }) => status === "completed" && turns === 2)
  await agent.commit.mutate({ sessionId, message: "Both" })
  await agent.merge.mutate({ sessionId })
  expect(at.read("a.txt")).toBe("both\n")
  expect(readFileSync(join(dir, "a.txt"), "utf8")).toBe("both\n")
})

test("the user's own directory is moved on only where nothing in it would be lost", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent, work } = await planeOf(agentz, at)
  const { sessionId } = await work("printf 'two\\n' > a.txt; printf 'b\\n' > b.txt")
  await agent.commit.mutate({ sessionId, message: "Two" })
  at.write("a.txt", "at work\n")
  const own = at.own()
  expect((await refusalOf(agent.merge.mutate({ sessionId }))).reason).toBe("base_dirty")
  expect([at.read("a.txt"), at.own()]).toEqual(["at work\n", own])
  at.git(["checkout", "-q", "a.txt"])
  at.write("b.txt", "not tracked, and mine\n")
  await refusalOf(agent.merge.mutate({ sessionId }))
  expect(at.read("b.txt")).toBe("not tracked, and mine\n")
  expect(subjects(at)).toEqual(["first"])
  at.git(["branch", "elsewhere"])
  await agent.merge.mutate({ sessionId, into: "elsewhere", how: "squash", message: "All of it" })
  expect(subjects(at, "elsewhere")).toEqual(["All of it", "first"])
  expect(subjects(at)).toEqual(["first"])
  expect((await refusalOf(agent.merge.mutate({ sessionId, into: "nowhere" }))).reason).toBe("unknown_branch")
})

test("a program that the repository names is not run, and files that need one are refused", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent, work } = await planeOf(agentz, at)
  const mark = join(at.outer, "mark")
  const evil = join(at.outer, "evil")
  writeFileSync(evil, `#!/bin/sh\necho fired >> ${mark}\ncat\nexit 0\n`)
  chmodSync(evil, 0o755)
  for (const hook of [
    "pre-commit",
    "commit-msg",
    "post-commit",
    "post-merge",
    "post-checkout",
    "reference-transaction",
  ])
    at.write(`.git/hooks/${hook}`, `#!/bin/sh\necho fired >> ${mark}\n`, 0o755)
  const { sessionId } = await work("printf 'two\\n' > a.txt")
  at.git(["config", "merge.evil.driver", evil])
  at.git(["config", "gpg.program", evil])
  at.git(["config", "commit.gpgSign", "true"])
  at.git(["config", "core.fsmonitor", evil])
  await agent.commit.mutate({ sessionId, message: "Two" })
  await agent.merge.mutate({ sessionId, how: "squash" })
  expect(at.read("a.txt")).toBe("two\n")
  const other = await work("printf 'a.txt filter=evil\\n' > .gitattributes; printf 'three\\n' > a.txt")
  at.git(["config", "filter.evil.clean", evil])
  const refused = await refusalOf(agent.commit.mutate({ sessionId: other.sessionId, message: "Three" }))
  expect(refused.reason).toBe("filtered_files")
  expect(() => readFileSync(mark)).toThrow("ENOENT")
  at.git(["-c", "commit.gpgSign=false", "commit", "-q", "--allow-empty", "-m", "by plain git"])
  expect(readFileSync(mark, "utf8")).toContain("fired")
})

test("a patch has all of it, in a work tree or not, byte for byte", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent } = await planeOf(agentz, at)
  const command = "printf 'two\\n' > a.txt; printf 'x\\0y' > b.bin; printf 'caf\\351\\n' > latin.txt"
  const sessionId = await agentz.spawn(sh(command), "--cwd", at.path)
  await agentz.until(sessionId, "over", ({ status }) => status === "completed")
  const { patch, encoding } = await agent.patch.query({ sessionId })
  expect(encoding).toBe("base64")
  expect((await refusalOf(agent.merge.mutate({ sessionId }))).reason).toBe("no_work_tree")
  const done = at.files()
  at.git(["reset", "-q", "--hard"])
  at.git(["clean", "-qfd"])
  execFileSync("git", ["apply", "-"], { cwd: at.path, input: Buffer.from(patch, encoding) })
  expect(at.files()).toEqual(done)
})
