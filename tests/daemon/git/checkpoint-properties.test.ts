/** Whatever is done to the files, each checkpoint has them byte for byte, and going back brings them back. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { keptSession } from "../../support/kept-session.ts"
import { repository, type TestRepository } from "../../support/repository.ts"
import { seeded } from "../../support/seeded.ts"

const RUNS = process.env.AGENTZ_TEST_LONG === "1" ? 60 : 6

/** Few names, of which some are folders of others: so files take the place of folders and the other way round. */
const name = fc.constantFrom("a", "b", "b/c", "b/c/d", "e e", "f\ng", "h/i", "*", "-x")
const edit = fc.oneof(
  fc.record({ do: fc.constant("write" as const), name, content: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ do: fc.constant("chmod" as const), name, executable: fc.boolean() }),
  fc.record({ do: fc.constant("link" as const), name, to: fc.constantFrom("a", "..", "nowhere", "b/c") }),
  fc.record({ do: fc.constant("remove" as const), name }),
  fc.record({ do: fc.constant("rename" as const), name, to: name }),
)
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never
const step = fc.oneof(
  fc.record({ do: fc.constant("turn" as const), edits: fc.array(edit, { maxLength: 6 }) }),
  fc.record({ do: fc.constant("between" as const), edits: fc.array(edit, { minLength: 1, maxLength: 3 }) }),
  fc.record({ do: fc.constant("restore" as const), to: fc.nat() }),
  fc.record({
    do: fc.constant("user" as const),
    what: fc.constantFrom("add", "commit", "stash", "checkout"),
  }),
)

/** What cannot be done to the files as they are is not done. */
function apply({ path }: TestRepository, one: Edit): void {
  const at = join(path, one.name)
  try {
    switch (one.do) {
      case "write":
        mkdirSync(dirname(at), { recursive: true })
        // Never through a link: what it leads to may lie outside.
        if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(at)
        if (isInside(path, at)) writeFileSync(at, one.content)
        return
      case "chmod":
        if (lstatSync(at).isFile() && isInside(path, at)) chmodSync(at, one.executable ? 0o755 : 0o644)
        return
      case "link":
        mkdirSync(dirname(at), { recursive: true })
        if (isInside(path, at)) symlinkSync(one.to, at)
        return
      case "remove":
        if (isInside(path, at)) rmSync(at, { recursive: true, force: true })
        return
      case "rename":
        if (isInside(path, at) && isInside(path, join(path, one.to))) renameSync(at, join(path, one.to))
        return
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error
  }
}

/** No folder on the way is a link. */
function isInside(root: string, at: string): boolean {
  for (let dir = dirname(at); dir !== root; dir = dirname(dir))
    if (lstatSync(dir, { throwIfNoEntry: false })?.isSymbolicLink()) return false
  return true
}

function asUser(at: TestRepository, what: "add" | "commit" | "stash" | "checkout"): void {
  try {
    if (what === "add") at.git(["add", "-A"])
    if (what === "commit") at.git(["commit", "-qam", "by the user"])
    if (what === "stash") at.git(["stash", "-q", "--include-untracked"])
    if (what === "checkout") at.git(["checkout", "-q", "-B", "side"])
  } catch {
    return // There is nothing to commit or to stash.
  }
}

test.each([{ plain: false }, { plain: true }])(
  "with plain directory: $plain",
  async ({ plain }) => {
    const { seed } = seeded("checkpoints")
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      await using at = await repository({ plain })
      const kept = keptSession(at)
      const then = new Map<number, Readonly<Record<string, string>>>()
      const learn = () => {
        const last = kept.session.checkpoints.at(-1)
        if (last && !then.has(last.n)) then.set(last.n, at.files())
      }
      await kept.turn(() => undefined)
      learn()
      for (const one of steps) {
        if (one.do === "user" && !plain) asUser(at, one.what)
        if (one.do === "between") for (const change of one.edits) apply(at, change)
        if (one.do === "turn") {
          const before = plain ? null : at.own()
          await kept.turn(() => {
            learn()
            for (const change of one.edits) apply(at, change)
          })
          learn()
          if (before) expect(at.own()).toEqual(before)
        }
        if (one.do === "restore") {
          const numbers = [...then.keys()]
          const n = numbers[one.to % numbers.length] ?? 1
          const own = plain ? null : at.own()
          const before = at.files()
          expect(await kept.restore(n)).toBeNull()
          expect(at.files()).toEqual(then.get(n))
          if (own) expect(at.own()).toEqual(own)
          const saved = kept.session.checkpoints.findLast(({ when }) => when === "before_restore")
          if (saved && !then.has(saved.n)) then.set(saved.n, before)
          learn()
        }
      }
      if (!plain) at.git(["fsck", "--strict"])
      expect(existsSync(join(at.path, ".git/index.lock"))).toBe(false)
    })
    await fc.assert(property, { seed, numRuns: RUNS, interruptAfterTimeLimit: 600_000, endOnFailure: true })
  },
  900_000,
)
