/** The user's own directory is gone: what of it is made again, and what is left alone. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { pushingOf } from "#daemon/pushing"
import { isMissing } from "#src/workspaces/gone"
import { recoverWorkspace } from "#src/workspaces/recovery"
import { type KeptSession, keptSession } from "../../support/kept-session.ts"
import { remoteOf, type TestRemote } from "../../support/remote.ts"
import { repository, type TestRepository } from "../../support/repository.ts"

async function pushed(at: TestRepository, remote: TestRemote, kept: KeptSession): Promise<void> {
  const pushing = pushingOf({
    ...{ home: at.home, workingDir: at.path, sessionId: kept.sessionId, env: {} },
    ...{ session: () => kept.session, publish: kept.say },
    target: { remote: "origin", url: remote.path, branch: false },
  })
  pushing.nudge()
  await expect.poll(() => pushing.busy, { timeout: 20_000 }).toBe(false)
  await pushing.stop()
}

const entryOf = (at: TestRepository, { path: url }: TestRemote, kept: KeptSession, below = "") => ({
  ...{ sessionId: kept.sessionId, workingDir: join(at.path, below) },
  checkout: { root: at.path, push: { remote: "origin", url } },
})

test("a commit that was checked out on no branch is, and an empty folder that was worked in is there", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  at.git(["commit", "-qm", "never pushed", "--allow-empty"])
  at.git(["checkout", "-q", "--detach"])
  const head = at.git(["rev-parse", "HEAD"])
  const kept = keptSession(at)
  await kept.turn(() => at.write("run.sh", "#!/bin/sh\n", 0o755))
  await pushed(at, remote, kept)
  const files = at.files()
  await kept.turn(() => at.write("later.txt", "not pushed\n"))
  rmSync(at.path, { recursive: true })

  const entry = entryOf(at, remote, kept, "empty")
  expect(isMissing(at.home, entry)).toBe(true)
  expect(await recoverWorkspace(at.home, entry, kept.session)).toEqual({
    from: "remote",
    branch: null,
    checkpoint: 2,
    gone: 1,
  })
  expect(at.files()).toEqual(files)
  expect(at.git(["rev-parse", "HEAD"])).toBe(head)
  expect(at.git(["branch", "--show-current"])).toBe("")
  expect(existsSync(entry.workingDir)).toBe(true)
  expect(isMissing(at.home, entry)).toBe(false)
})

test("an empty folder is filled; one with something in it is left as it is, and so is a repository", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  await pushed(at, remote, kept)
  const entry = entryOf(at, remote, kept, "sub")
  await expect(recoverWorkspace(at.home, entry, kept.session)).rejects.toMatchObject({
    failure: { code: "directory_gone" },
  })
  expect(existsSync(entry.workingDir)).toBe(false)

  rmSync(at.path, { recursive: true })
  mkdirSync(at.path)
  writeFileSync(join(at.path, "mine.txt"), "mine\n")
  await expect(recoverWorkspace(at.home, entry, kept.session)).rejects.toMatchObject({
    failure: { code: "root_taken" },
  })
  expect(at.files()).toEqual({ "mine.txt": "- mine\n" })

  rmSync(join(at.path, "mine.txt"))
  const whole = entryOf(at, remote, kept)
  expect(isMissing(at.home, whole)).toBe(true)
  expect(await recoverWorkspace(at.home, whole, kept.session)).toMatchObject({ checkpoint: 2, gone: 0 })
  expect(at.files()).toEqual({ "a.txt": "- two\n" })
})

test("checkpoints of a session come back also where somebody else has cloned the repository meanwhile", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  await pushed(at, remote, kept)
  rmSync(at.path, { recursive: true })
  at.git(["clone", "-q", remote.path, at.path], at.outer)
  const files = at.files()
  expect(await recoverWorkspace(at.home, entryOf(at, remote, kept), kept.session)).toMatchObject({
    checkpoint: null,
    gone: 0,
  })
  expect(at.files()).toEqual(files)
  expect(at.git(["show", `refs/agentz/${kept.sessionId}/2:a.txt`])).toBe("two\n")
})
