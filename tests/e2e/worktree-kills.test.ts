/**
 * Whenever git, or whoever called it, is killed while a work tree is made, taken away, made again or forked: the user's
 * repository is sound and as it was, no work is lost, and to ask once more does what was asked.
 */
import { existsSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import { makeWorkspace, worktreeAt } from "#src/workspaces/workspace"
import { newSessionId } from "#streams/ids"
import { keptSession } from "../support/kept-session.ts"
import { type Kill, killedGit, locksIn } from "../support/killed-git.ts"
import { filesIn, repository, type TestRepository } from "../support/repository.ts"
import { seeded } from "../support/seeded.ts"

const KILLS = process.env.AGENTZ_TEST_LONG === "1" ? Number(process.env.AGENTZ_TEST_KILLS ?? 200) : 5

const PROGRAM = resolve("tests/e2e/worktree-program.mjs")

/** But for the branches that sessions were given. */
const own = (at: TestRepository) => {
  const { refs = "", ...rest } = at.own()
  return { ...rest, refs: refs.replace(/^.*refs\/heads\/agentz\/.*\n/gm, ""), files: at.files() }
}

type Action = "make" | "remove" | "remake" | "fork"

test(`${KILLS} times git is killed around work trees`, async () => {
  await using at = await repository()
  const random = seeded("worktree-kills")
  for (let n = 0; n < 60; n++) at.write(`many/${n}.txt`, `${n}\n`.repeat(n * 20))
  at.git(["add", "-A"])
  at.git(["commit", "-qm", "many"])
  const { home } = at
  const sessionId = newSessionId()
  const request = { kind: "worktree" } as const
  const { workingDir, worktree } = await makeWorkspace(home, sessionId, { directory: at.path, request })
  if (worktree === undefined) throw new Error("There is no work tree.")
  const session = keptSession({ home, path: workingDir }, { sessionId, events: [] })
  await session.turn(() => {
    writeFileSync(join(workingDir, "many/1.txt"), "changed\n")
    writeFileSync(join(workingDir, "new.txt"), "new\n")
  })
  await session.keep()
  const files = filesIn(workingDir)
  const head = at.files()
  const before = own(at)
  const run = killedGit(at)
  const file = join(at.outer, "asked.json")
  const perform = async (action: Action, more: object, kill: Kill | null = null) => {
    const { checkpoints } = session.session
    const asked = { home, directory: at.path, sessionId, worktree, workingDir, checkpoints, action, ...more }
    writeFileSync(file, JSON.stringify(asked))
    return await run([PROGRAM, file], kill)
  }
  const treeOf = (id: string) => worktreeAt(home, at.path, id as typeof sessionId)
  /** How often each calls git when nobody is killed. */
  const calls: Partial<Record<Action, number>> = {}
  for (const action of ["remove", "remake"] as const) calls[action] = (await perform(action, {})).calls
  calls.make = (await perform("make", { sessionId: newSessionId() })).calls
  calls.fork = (await perform("fork", { forkId: newSessionId() })).calls

  for (let round = 0; round < KILLS; round++) {
    const action = random.pick<Action>(["make", "remove", "remake", "fork"])
    if (action === "remake") await perform("remove", {})
    const made = newSessionId()
    const more = action === "make" ? { sessionId: made } : action === "fork" ? { forkId: made } : {}
    const after = random.pick([0, 0.001, 0.003, 0.01, 0.03])
    const at_ = 1 + Math.floor(random.next() * (calls[action] ?? 1))
    const kill = { at: at_, after, both: random.next() < 0.6 }
    const about = `round ${round}: ${JSON.stringify({ action, kill, made })}`
    await perform(action, more, kill)
    expect(own(at), about).toEqual(before)
    at.git(["fsck", "--strict"])

    const again = await perform(action, more)
    expect(again, about).toMatchObject({ code: 0 })
    expect(own(at), about).toEqual(before)
    expect(locksIn(at), about).toEqual([])
    if (action === "make") expect(filesIn(treeOf(made)), about).toEqual(head)
    if (action === "fork") expect(filesIn(treeOf(made)), about).toEqual(files)
    if (action === "remake") expect(filesIn(workingDir), about).toEqual(files)
    if (action === "remove") {
      expect(existsSync(workingDir), about).toBe(false)
      expect((await perform("remake", {})).code, about).toBe(0)
      expect(filesIn(workingDir), about).toEqual(files)
    }
    const listed = at.git(["worktree", "list", "--porcelain"])
    expect(listed, about).not.toContain("prunable")
    expect(listed, about).not.toContain("locked")
  }
})
