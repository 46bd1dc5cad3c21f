/** Whatever is done to the files, each checkpoint has them byte for byte, and going back brings them back. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { keptSession } from "../../support/kept-session.ts"
import { applyEdit, edit } from "../../support/random-edits.ts"
import { repository, type TestRepository } from "../../support/repository.ts"
import { seeded } from "../../support/seeded.ts"

const RUNS = process.env.AGENTZ_TEST_LONG === "1" ? 60 : 6

const step = fc.oneof(
  fc.record({ do: fc.constant("turn" as const), edits: fc.array(edit, { maxLength: 6 }) }),
  fc.record({ do: fc.constant("between" as const), edits: fc.array(edit, { minLength: 1, maxLength: 3 }) }),
  fc.record({ do: fc.constant("restore" as const), to: fc.nat() }),
  fc.record({
    do: fc.constant("user" as const),
    what: fc.constantFrom("add", "commit", "stash", "checkout"),
  }),
)

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
        if (one.do === "between") for (const change of one.edits) applyEdit(at.path, change)
        if (one.do === "turn") {
          const before = plain ? null : at.own()
          await kept.turn(() => {
            learn()
            for (const change of one.edits) applyEdit(at.path, change)
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
