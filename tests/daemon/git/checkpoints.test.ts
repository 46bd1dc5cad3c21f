/** A session's files are kept around its turns and can be put back, and the user's own repository is left alone. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { placeOf } from "#daemon/git/place"
import { snapshot } from "#daemon/git/snapshot"
import { newSessionId } from "#streams/ids"
import { type KeptSession, keptSession } from "../../support/kept-session.ts"
import { filesIn, repository, type TestRepository } from "../../support/repository.ts"

const marks = ({ session }: KeptSession) =>
  session.checkpoints.map(({ n, when, changed }) => `${n} ${when} ${changed.files}`)

const noticesOf = ({ session }: KeptSession) =>
  session.items.flatMap((item) => (item.type === "notice" ? [`${item.category}: ${item.title}`] : []))

/** The names of the files in a checkpoint. */
const namesIn = (at: TestRepository, kept: KeptSession, n: number): string[] =>
  at
    .git(["ls-tree", "-r", "-z", "--name-only", `refs/agentz/${kept.sessionId}/${n}`])
    .split("\0")
    .filter(Boolean)

test("the files are kept before the first turn and after each that changed them, and nothing of the user's is touched", async () => {
  await using at = await repository()
  at.write("staged.txt", "staged\n")
  at.git(["add", "staged.txt"])
  at.write("a.txt", "stashed\n")
  at.git(["stash", "-q"])
  at.write("staged.txt", "staged\n")
  at.git(["add", "staged.txt"])
  at.write("staged.txt", "changed since\n")
  at.write("new.txt", "new\n")
  at.write(".gitignore", "ignored\n")
  at.write("ignored", "ignored\n")
  const own = at.own()
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  await kept.turn(() => at.write("run.sh", "#!/bin/sh\n", 0o755))
  await kept.turn(() => undefined)
  expect(marks(kept)).toEqual(["1 before_turn 3", "2 after_turn 1"])
  expect(namesIn(at, kept, 2)).toEqual([".gitignore", "a.txt", "new.txt", "run.sh", "staged.txt"])
  expect(kept.session.checkpoints[1]).toMatchObject({
    turnId: expect.any(String),
    changed: { added: 1, removed: 0 },
  })
  expect(at.own()).toEqual(own)
  expect(at.git(["branch", "--all"])).toBe("* main\n")
  at.git(["fsck", "--strict"])
})

test("what a person changes between turns is not told of the turn after it", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  await kept.turn(() => at.write("agent.txt", "1\n"))
  at.write("person.txt", "1\n")
  await kept.turn(() => at.write("agent.txt", "2\n"))
  expect(marks(kept)).toEqual(["1 before_turn 0", "2 after_turn 1", "3 before_turn 1", "4 after_turn 1"])
})

test("files go back as they were, with their modes and links, also where a folder took their place", async () => {
  await using at = await repository()
  at.write("run.sh", "#!/bin/sh\n", 0o755)
  at.write("deep/er/file", "deep\n")
  symlinkSync("deep/er", join(at.path, "link"))
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  const before = at.files()
  await kept.turn(() => {
    rmSync(join(at.path, "deep"), { recursive: true })
    at.write("deep", "a file now\n")
    rmSync(join(at.path, "link"))
    at.write("link/below", "a folder now\n")
    at.write("run.sh", "#!/bin/sh\n", 0o644)
    at.write("a.txt", "two\n")
    at.write("more/new", "new\n")
  })
  const after = at.files()
  const own = at.own()
  at.write("unsaved", "by a person\n")
  expect(await kept.restore(1)).toBeNull()
  expect(at.files()).toEqual(before)
  expect(existsSync(join(at.path, "more"))).toBe(false)
  expect(at.own()).toEqual(own)
  expect(marks(kept).slice(2)).toEqual(["3 before_restore 1", "4 restored 8"])
  expect(await kept.restore(2)).toBeNull()
  expect(at.files()).toEqual(after)
  expect(await kept.restore(3)).toBeNull()
  expect(at.read("unsaved")).toBe("by a person\n")
})

test("nothing is put back over work that no checkpoint has", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  at.write("cache/data", "kept\n")
  await kept.turn(() => undefined)
  rmSync(join(at.path, "cache"), { recursive: true })
  at.write(".gitignore", "cache\n")
  at.write("cache", "ignored and precious\n")
  const before = at.files()
  expect(await kept.restore(2)).toBe("work_only_here")
  expect(at.files()).toEqual(before)
  rmSync(join(at.path, "cache"))
  await kept.turn(() => undefined)
  at.write("cache/data", "ignored and precious\n")
  expect(await kept.restore(2)).toBe("work_only_here")
  rmSync(join(at.path, "cache"), { recursive: true })
  expect(await kept.restore(2)).toBeNull()
  expect(at.read("cache/data")).toBe("kept\n")
})

test("what is refused names why: no such checkpoint, or a turn has begun", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  expect(await kept.restore(9)).toBe("unknown_checkpoint")
  await kept.turn(async () => expect(await kept.restore(1)).toBe("session_busy"))
})

test("a checkpoint that is asked for is taken though nothing changed, with what is said of it", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  await kept.keep("half way")
  await kept.keep()
  expect(marks(kept)).toEqual(["1 asked 0", "2 asked 0"])
  expect(kept.session.checkpoints[0]?.note).toBe("half way")
  expect(kept.session.settled).toHaveLength(2)
  expect(at.git(["log", "-1", "--format=%B", `refs/agentz/${kept.sessionId}/1`])).toContain("half way")
})

test("a directory that is no repository is kept beside it, and stays none", async () => {
  await using at = await repository({ plain: true })
  at.write("notes.txt", "one\n")
  const kept = keptSession(at)
  await kept.turn(() => at.write("notes.txt", "two\n"))
  const after = at.files()
  expect(await kept.restore(1)).toBeNull()
  expect(at.read("notes.txt")).toBe("one\n")
  expect(await kept.restore(2)).toBeNull()
  expect(at.files()).toEqual(after)
  expect(existsSync(join(at.path, ".git"))).toBe(false)
})

test("a home directory is nobody's project: it gets no checkpoints, and that is said once", async () => {
  await using at = await repository({ plain: true })
  const home = process.env.HOME
  process.env.HOME = at.path
  try {
    const kept = keptSession(at)
    await kept.turn(() => undefined)
    await kept.turn(() => undefined)
    expect(kept.session.checkpoints).toEqual([])
    expect(noticesOf(kept)).toEqual([expect.stringContaining("nobody's project")])
  } finally {
    process.env.HOME = home
  }
})

test("a directory that goes in mid-turn is no more than that", async () => {
  await using at = await repository({ plain: true })
  const kept = keptSession(at)
  await kept.turn(() => rmSync(at.path, { recursive: true }))
  await kept.turn(() => undefined)
  expect(marks(kept)).toEqual(["1 before_turn 0"])
  expect(noticesOf(kept)).toEqual([])
})

test("names of files may be anything, also no text", async () => {
  await using at = await repository()
  const names = [
    "with space",
    "new\nline",
    'quo"te',
    "-dash",
    ":(glob)**",
    "*",
    "tab\there",
    "ünï✓",
    "back\\slash",
  ]
  for (const name of names) at.write(name, `${name}\n`)
  writeFileSync(Buffer.concat([Buffer.from(`${at.path}/`), Buffer.from([0x62, 0xff, 0xfe])]), "no text\n")
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  const before = at.files()
  for (const name of [...names, "a.txt"]) rmSync(join(at.path, name))
  rmSync(Buffer.concat([Buffer.from(`${at.path}/`), Buffer.from([0x62, 0xff, 0xfe])]))
  expect(await kept.restore(1)).toBeNull()
  expect(at.files()).toEqual(before)
})

test("bytes are kept as they are, whatever line ends and attributes say", async () => {
  await using at = await repository()
  at.git(["config", "core.autocrlf", "true"])
  at.write(".gitattributes", "*.txt text eol=crlf ident\n*.u16 working-tree-encoding=UTF-16\n")
  at.write("crlf.txt", "one\r\ntwo\n$Id$\n")
  at.write("wide.u16", Buffer.from("\ufeffhi\n", "utf16le"))
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  const before = at.files()
  at.write("crlf.txt", "else\n")
  at.write("wide.u16", "else\n")
  expect(await kept.restore(1)).toBeNull()
  expect(at.files()).toEqual(before)
})

test("a file too large is left out, said so, and not written over", async () => {
  await using at = await repository()
  at.write("model.bin", "small\n")
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  truncateSync(join(at.path, "model.bin"), 5 * 2 ** 30)
  await kept.turn(() => undefined)
  const [, second] = kept.session.checkpoints
  expect(second?.leftOut).toEqual({
    count: 1,
    files: [{ path: "model.bin", why: "too_large", bytes: 5 * 2 ** 30 }],
  })
  expect(namesIn(at, kept, 2)).toEqual(["a.txt"])
  expect(await kept.restore(1)).toBe("work_only_here")
})

test("what is more than may be kept at once is left out, the largest first, and too many files are none of it", async () => {
  await using at = await repository({ plain: true })
  for (const [name, bytes] of [
    ["small", 10],
    ["middle", 100],
    ["large", 1000],
  ] as const)
    at.write(name, "x".repeat(bytes))
  const place = await placeOf(at.home, newSessionId(), at.path)
  if ("why" in place) throw new Error(place.why)
  const allowance = { fileBytes: 5000, totalBytes: 500, files: 3 }
  {
    await using taken = await snapshot(place, { allowance })
    expect(taken.leftOut).toEqual([{ path: "large", why: "too_much", bytes: 1000 }])
  }
  at.write("one more", "x")
  await expect(snapshot(place, { allowance })).rejects.toThrow("4 files are new or changed")
})

test("a repository in the tree keeps its own files, and a pipe is no file", async () => {
  await using at = await repository()
  at.git(["init", "-q", "inner"])
  at.write("inner/file", "inner\n")
  execFileSync("mkfifo", [join(at.path, "pipe")])
  const kept = keptSession(at)
  await kept.turn(() => at.write("b.txt", "b\n"))
  expect(kept.session.checkpoints[1]?.leftOut?.files).toEqual([{ path: "inner", why: "nested_repository" }])
  expect(await kept.restore(1)).toBeNull()
  expect(at.read("inner/file")).toBe("inner\n")
})

test("submodules, a part of a tree, a detached head, a young repository and a folder of one all work", async () => {
  await using at = await repository()
  at.git(["init", "-q", "-b", "main", "../other"])
  at.git(
    ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    join(at.outer, "other"),
  )
  at.git(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", join(at.outer, "other"), "sub"])
  for (const name of ["in/one", "out/two"]) at.write(name, `${name}\n`)
  at.git(["add", "."])
  at.git(["commit", "-qm", "more"])
  at.git(["sparse-checkout", "set", "in"])
  at.git(["checkout", "-q", "--detach"])
  expect(existsSync(join(at.path, "out"))).toBe(false)
  const kept = keptSession({ ...at, path: join(at.path, "in") })
  await kept.turn(() => at.write("a.txt", "from below\n"))
  expect(marks(kept)).toEqual(["1 before_turn 0", "2 after_turn 1"])
  expect(namesIn(at, kept, 2)).toContain("out/two")
  expect(await kept.restore(1)).toBeNull()
  expect(existsSync(join(at.path, "out"))).toBe(false)
  at.git(["sparse-checkout", "disable"])
  await kept.turn(() => at.write("out/two", "changed\n"))
  expect(kept.session.checkpoints.at(-1)?.changed.files).toBe(1)

  at.git(["init", "-q", "-b", "fresh", "../young"])
  writeFileSync(join(at.outer, "young/first"), "first\n")
  const young = keptSession({ ...at, path: join(at.outer, "young") })
  await young.turn(() => undefined)
  expect(young.session.checkpoints).toMatchObject([{ head: null }])
  expect(
    at.git(["ls-tree", "--name-only", `refs/agentz/${young.sessionId}/1`], join(at.outer, "young")),
  ).toBe("first\n")
})

test("a file that the repository has although it ignores it is kept, also when it comes later", async () => {
  await using at = await repository()
  at.write(".gitignore", "dist\n")
  at.write("dist", "built\n")
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  expect(namesIn(at, kept, 1)).not.toContain("dist")
  at.git(["add", "-f", "dist"])
  await kept.turn(() => at.write("dist", "built again\n"))
  expect(at.git(["show", `refs/agentz/${kept.sessionId}/3:dist`])).toBe("built again\n")
})

test("a file of the same size and time is seen to have changed", async () => {
  await using at = await repository({ plain: true })
  const kept = keptSession(at)
  at.write("same", "aaaa\n")
  await kept.turn(() => undefined)
  for (const letter of ["b", "c", "d"]) {
    at.write("same", `${letter.repeat(4)}\n`)
    await kept.keep()
    expect(kept.session.checkpoints.at(-1)?.changed.files, letter).toBe(1)
  }
})

test("agentz's own home is never a part of a checkpoint", async () => {
  await using at = await repository()
  const home = join(at.path, ".agentz*[x]")
  mkdirSync(home)
  writeFileSync(join(home, "token"), "secret")
  const kept = keptSession({ home, path: at.path })
  await kept.turn(() => at.write("b.txt", "b\n"))
  expect(namesIn(at, kept, 2)).toEqual(["a.txt", "b.txt"])
})

test("refs that somebody deleted, and objects that are gone with them, cost the past and not the future", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  at.write("b.txt", "before\n")
  await kept.turn(() => at.write("b.txt", "b\n"))
  for (const n of [1, 2]) at.git(["update-ref", "-d", `refs/agentz/${kept.sessionId}/${n}`])
  at.git(["gc", "-q", "--prune=now"])
  await kept.turn(() => at.write("c.txt", "c\n"))
  expect(noticesOf(kept)).toEqual([])
  expect(namesIn(at, kept, 3)).toEqual(["a.txt", "b.txt", "c.txt"])
  at.git(["fsck", "--strict"])
  expect(await kept.restore(1)).toBe("checkpoint_gone")
})

test("a daemon that was killed after the ref and before the event leaves a number that is taken again", async () => {
  await using at = await repository()
  const kept = keptSession(at)
  await kept.turn(() => undefined)
  const next = keptSession(at, kept)
  await kept.turn(() => at.write("lost.txt", "lost\n"))
  writeFileSync(join(at.path, `.git/refs/agentz/${kept.sessionId}/2.lock`), "")
  await next.turn(() => at.write("b.txt", "b\n"))
  expect(marks(next).slice(1)).toEqual(["2 before_turn 1", "3 after_turn 1"])
  expect(namesIn(at, next, 2)).toContain("lost.txt")
})

test("a moved file is told as moved", async () => {
  await using at = await repository()
  at.write("long.txt", "line\n".repeat(40))
  const kept = keptSession(at)
  await kept.turn(() => renameSync(join(at.path, "long.txt"), join(at.path, "moved.txt")))
  expect(kept.session.checkpoints[1]?.changed).toEqual({ files: 1, added: 0, removed: 0 })
  expect(filesIn(at.path)).toHaveProperty(["moved.txt"])
})
