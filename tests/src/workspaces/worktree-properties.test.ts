/**
 * Whatever is done in a work tree of a session and beside it: each checkpoint has its files byte for byte, a fork begins with
 * those of its moment, a work tree that was given back is made again as it was, and nothing else in the repository changes.
 */
import { existsSync } from "node:fs"
import fc from "fast-check"
import { expect, test } from "vitest"
import { knownPlace } from "#daemon/git/place"
import { makeForkFiles } from "#src/workspaces/fork-files"
import { remake } from "#src/workspaces/remake"
import { removeWhole } from "#src/workspaces/whole-tree"
import { makeWorkspace } from "#src/workspaces/workspace"
import { forkedEvents, seqOfCheckpoint } from "#streams/fork"
import { newSessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { keptSession } from "../../support/kept-session.ts"
import { applyEdit, edit } from "../../support/random-edits.ts"
import { filesIn, repository, type TestRepository } from "../../support/repository.ts"
import { seeded } from "../../support/seeded.ts"

const RUNS = process.env.AGENTZ_TEST_LONG === "1" ? 40 : 4

const edits = fc.array(edit, { minLength: 1, maxLength: 5 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turn" as const), edits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("between" as const), edits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restore" as const), to: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("fork" as const), at: fc.nat(), edits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("give back" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("user" as const),
      what: fc.constantFrom("stage", "commit", "stash"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("commit there" as const) }) },
)

function asUser({ git, write }: TestRepository, what: "stage" | "commit" | "stash", n: number): void {
  write("by the user", `${n}\n`)
  if (what === "stage") git(["add", "-A"])
  if (what === "commit") git(["add", "-A"])
  if (what === "commit") git(["commit", "-qm", "by the user"])
  if (what === "stash") git(["stash", "-q", "--include-untracked"])
}

/** But for the branches that sessions were given. */
const own = (at: TestRepository) => {
  const { refs = "", ...rest } = at.own()
  return { ...rest, refs: refs.replace(/^.*refs\/heads\/agentz\/.*\n/gm, ""), files: at.files() }
}

test("work trees and forks", async () => {
  const { seed } = seeded("worktrees")
  const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
    await using at = await repository()
    const { home } = at
    const sessionId = newSessionId()
    const request = { kind: "worktree" } as const
    const workspace = await makeWorkspace(home, sessionId, { directory: at.path, request })
    const path = workspace.workingDir
    let worktree = workspace.worktree as Worktree
    const kept = keptSession({ home, path }, { sessionId, events: [] })
    const then = new Map<number, Readonly<Record<string, string>>>()
    const learn = () => {
      const last = kept.session.checkpoints.at(-1)
      if (last && !then.has(last.n)) then.set(last.n, filesIn(path))
    }
    await kept.turn(() => undefined)
    learn()
    for (const [n, one] of steps.entries()) {
      const before = own(at)
      const numbers = [...then.keys()]
      if (one.do === "user") {
        asUser(at, one.what, n)
        continue
      }
      if (one.do === "between") for (const change of one.edits) applyEdit(path, change)
      if (one.do === "turn") {
        await kept.turn(() => {
          learn()
          for (const change of one.edits) applyEdit(path, change)
        })
        learn()
      }
      if (one.do === "commit there") {
        at.git(["add", "-A"], path)
        at.git(["commit", "-q", "--allow-empty", "-m", `in the session ${n}`], path)
      }
      if (one.do === "restore") {
        const files = filesIn(path)
        const to = numbers[one.to % numbers.length] ?? 1
        expect(await kept.restore(to)).toBeNull()
        expect(filesIn(path)).toEqual(then.get(to))
        const saved = kept.session.checkpoints.findLast(({ when }) => when === "before_restore")
        if (saved && !then.has(saved.n)) then.set(saved.n, files)
        learn()
      }
      if (one.do === "fork") {
        const files = filesIn(path)
        const moment = numbers[one.at % numbers.length] ?? 1
        const forkId = newSessionId()
        const seq = seqOfCheckpoint(kept.events, moment) ?? 0
        const events = forkedEvents(kept.events, sessionId, seq)
        const fork = foldSession(emptySession(forkId), events)
        const place = await knownPlace(home, sessionId)
        if (place === null) throw new Error("It has no checkpoints.")
        const mark = fork.checkpoints.at(-1)
        if (mark === undefined) throw new Error("The fork has no checkpoint.")
        const made = await makeForkFiles(home, { workingDir: path, worktree, place, fork, mark })
        expect(filesIn(made.workingDir)).toEqual(then.get(mark.n))
        const forked = keptSession({ home, path: made.workingDir }, { sessionId: forkId, events })
        await forked.turn(() => {
          for (const change of one.edits) applyEdit(made.workingDir, change)
        })
        expect(await forked.restore(1)).toBeNull()
        expect(filesIn(made.workingDir)).toEqual(then.get(1))
        expect(filesIn(path)).toEqual(files)
      }
      if (one.do === "give back") {
        await kept.keep()
        learn()
        const files = filesIn(path)
        expect(await removeWhole(worktree, async () => null)).toBeNull()
        expect(existsSync(path)).toBe(false)
        const entry = { sessionId, workingDir: path, worktree }
        worktree = await remake(home, entry, kept.session, async () => undefined)
        expect(filesIn(path)).toEqual(files)
      }
      expect(own(at)).toEqual(before)
    }
    at.git(["fsck", "--strict"])
    at.git(["worktree", "prune", "--dry-run", "--verbose"])
  })
  await fc.assert(property, { seed, numRuns: RUNS, interruptAfterTimeLimit: 600_000, endOnFailure: true })
}, 900_000)
