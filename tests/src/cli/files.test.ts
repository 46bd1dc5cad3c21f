/** The commands about a session's files: what they print, and what they ask before anything is changed. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { newTurnId } from "#streams/ids"
import { bench } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const COMMIT = "0123456789abcdef0123456789abcdef01234567"
const TREE = { commit: "c".repeat(40), tree: "7".repeat(40), head: null }

async function setUp() {
  const home = await tempDir()
  const place = bench(home.path)
  const id = place.plane.session("A session")
  return { ...place, id, home, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() }
}

test("checkpoints are listed with what changed and why they were taken", async () => {
  await using place = await setUp()
  const { cli, plane, id } = place
  expect((await cli(["checkpoints", id])).out).toContain("has no checkpoints yet")
  const turnId = newTurnId()
  const leftOut = { count: 1, files: [{ path: "big", why: "too_large" as const, bytes: 5 }] }
  plane.say(
    id,
    { type: "turn_started", turnId, cause: "user" },
    {
      type: "checkpoint",
      n: 1,
      when: "before_turn",
      turnId,
      ...TREE,
      changed: { files: 0, added: 0, removed: 0 },
    },
    {
      ...{ type: "checkpoint", n: 2, when: "after_turn", turnId, ...TREE, leftOut },
      changed: { files: 3, added: 40, removed: 2 },
    },
  )
  const { out } = await cli(["checkpoints", id])
  expect(out).toMatch(/^2 .* 1 +3 +\+40 -2 +after the turn \(1 left out\)$/m)
  const { checkpoints } = JSON.parse((await cli(["checkpoints", id, "--json"])).out)
  expect(checkpoints).toMatchObject([{ n: 1 }, { n: 2, turn: 1, leftOut }])
  expect((await cli(["checkpoints", id, "--take", "--note", "half way"])).out).toBe(
    "Checkpoint 1 is taken.\n",
  )
  expect(plane.calls.at(-1)?.input).toEqual({ sessionId: id, note: "half way" })
})

test("diff prints a patch, or a line per file", async () => {
  await using place = await setUp()
  const { cli, id } = place
  expect((await cli(["diff", id])).out).toContain("\n-one\n+two\n")
  expect((await cli(["diff", id, "--stat"])).out).toBe("M a.txt +1 -1\nA b.bin not text\n")
  const found = JSON.parse((await cli(["diff", id, "--from", "2", "--to", "head", "--json"])).out)
  expect(found).toMatchObject({ from: 2, to: "head", truncated: false })
  expect((await cli(["diff", id, "--from", "yesterday"])).code).toBe(64)
  expect((await cli(["diff", id, "--turn", "0"])).code).toBe(64)
})

test("restore shows what would be done, and does it only when it is told to", async () => {
  await using place = await setUp()
  const { cli, plane, id } = place
  expect((await cli(["restore", id, "1"])).code).toBe(64)
  expect((await cli(["restore", id, "first"])).code).toBe(64)
  expect((await cli(["restore", id, "1", "--dry-run"])).out).toBe("M a.txt +1 -1\nA b.bin not text\n")
  expect(plane.calls).toEqual([])
  const { out, code } = await cli(["restore", id, "1", "--yes"])
  expect({ code, last: out.split("\n").at(-2) }).toEqual({
    code: 0,
    last: "The files are as they were at checkpoint 1.",
  })
  expect(plane.calls).toEqual([{ name: "restore", input: { sessionId: id, n: 1 } }])
})

test("commit takes its message from the words, and wants one", async () => {
  await using place = await setUp()
  const { cli, plane, id } = place
  expect((await cli(["commit", id, " "])).code).toBe(64)
  expect((await cli(["commit", id, "Fix", "it"])).out).toBe("0123456789ab on agentz/one\n")
  expect(plane.calls.at(-1)).toEqual({ name: "commit", input: { sessionId: id, message: "Fix it" } })
  expect(JSON.parse((await cli(["commit", id, "x", "--json"])).out)).toEqual({
    commit: COMMIT,
    branch: "agentz/one",
  })
})

test("merge shows what would come of it, and moves a branch only when it is told to", async () => {
  await using place = await setUp()
  const { cli, plane, id } = place
  expect((await cli(["merge", id])).code).toBe(64)
  expect((await cli(["merge", id, "--how", "octopus", "--yes"])).err).toContain("merge, squash or rebase")
  const sheet = "0123456789ab Work\nM a.txt +1 -1\nA b.bin not text\n"
  expect((await cli(["merge", id, "--dry-run"])).out).toBe(sheet)
  expect(plane.calls).toEqual([])
  const done = await cli(["merge", id, "--how", "squash", "-m", "All", "--into", "next", "--yes"])
  expect(done.out).toBe(`${sheet}next is at 0123456789ab.\n`)
  expect(plane.calls).toEqual([
    { name: "merge", input: { sessionId: id, into: "next", how: "squash", message: "All" } },
  ])
})

test("conflicts are handed to the agent where that is wished", async () => {
  await using place = await setUp()
  const { cli, plane, id } = place
  const real = plane.mergePreview
  plane.mergePreview = async (request) => ({
    ...(await real(request)),
    conflicts: ["a.txt"],
    refused: { reason: "merge_conflicts", message: "Both changed a.txt." },
    request: "Run `git merge main`.",
  })
  const { out } = await cli(["merge", id, "--dry-run"])
  expect(out).toContain("both changed a.txt\nIt would be refused: Both changed a.txt.\n")
  expect((await cli(["merge", id, "--hand-over", "--yes"])).out).toBe("The agent was asked to settle it.\n")
  expect(plane.calls.map(({ name }) => name)).toEqual(["sendMessage"])
})

test("a patch is printed, or written where no file is yet", async () => {
  await using place = await setUp()
  const { cli, plane, id, home } = place
  expect((await cli(["patch", id])).out).toMatch(/^diff --git a\/a\.txt/)
  const file = join(home.path, "changes.patch")
  expect((await cli(["patch", id, file])).code).toBe(0)
  expect(await readFile(file, "utf8")).toContain("+two")
  expect((await cli(["patch", id, file])).err).toContain("name another file")
  plane.patch = async () => ({ patch: Buffer.from([0xe9]).toString("base64"), encoding: "base64" })
  expect((await cli(["patch", id])).err).toContain("name a file for it")
})
