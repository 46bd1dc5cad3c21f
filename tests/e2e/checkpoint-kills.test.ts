/**
 * Whenever git, or whoever called it, is killed: the files are as they were or as they are to be, the user's own
 * repository is sound and as it was, and to ask once more does what was asked.
 */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import type { SessionEvent } from "#streams/event"
import { newRequestId, newSessionId } from "#streams/ids"
import { type Kill, killedGit, locksIn } from "../support/killed-git.ts"
import { repository, type TestRepository } from "../support/repository.ts"
import { seeded } from "../support/seeded.ts"

const KILLS = process.env.AGENTZ_TEST_LONG === "1" ? Number(process.env.AGENTZ_TEST_KILLS ?? 200) : 10

const PROGRAM = resolve("tests/e2e/checkpoint-program.mjs")

/** A session whose events are in a file, and whose git is killed when that is asked. */
function keeper(at: TestRepository) {
  const file = join(at.outer, "events")
  const sessionId = newSessionId()
  const run = killedGit(at)
  writeFileSync(file, "")
  const events = (): SessionEvent[] =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return {
    sessionId,
    events,
    refused: () => events().filter(({ type }) => type === "files_refused").length,
    last: () => events().findLast((event) => event.type === "checkpoint"),
    /** Gives how many times git was called. */
    async perform(request: object, kill: Kill | null = null): Promise<number> {
      const args = [PROGRAM, at.home, at.path, sessionId, file, JSON.stringify(request)]
      return (await run(args, kill)).calls
    },
  }
}

const keep = () => ({ type: "checkpoint_requested", requestId: newRequestId(), at: "" })
const restore = (n: number) => ({ type: "restore_requested", requestId: newRequestId(), n, turns: 0, at: "" })

/** Two states of some files, which differ in every way that files can. */
const STATES: readonly ((at: TestRepository) => void)[] = [
  (at) => {
    for (let n = 0; n < 30; n++) at.write(`many/${n}.txt`, `one ${n}\n`.repeat(n * 20))
    rmSync(join(at.path, "turns"), { recursive: true, force: true })
    at.write("turns", "a file\n", 0o755)
    rmSync(join(at.path, "link"), { force: true })
    symlinkSync("many", join(at.path, "link"))
  },
  (at) => {
    for (let n = 0; n < 30; n++) {
      if (n % 3 === 0) rmSync(join(at.path, `many/${n}.txt`), { force: true })
      else at.write(`many/${n}.txt`, `two ${n}\n`.repeat(n * 10))
    }
    rmSync(join(at.path, "turns"), { recursive: true, force: true })
    at.write("turns/below", "a folder\n")
    rmSync(join(at.path, "link"), { force: true })
    at.write("link", "no link\n")
  },
]

test(`${KILLS} times git is killed while files are kept or put back`, async () => {
  await using at = await repository()
  const random = seeded("checkpoint-kills")
  const session = keeper(at)
  const trees: Readonly<Record<string, string>>[] = []
  for (const state of STATES) {
    state(at)
    trees.push(at.files())
    await session.perform(keep())
  }
  const own = at.own()
  const calls = { keep: await session.perform(keep()), restore: await session.perform(restore(1)) }
  expect(at.files()).toEqual(trees[0])

  for (let round = 0; round < KILLS; round++) {
    const from = at.files()
    const goal = random.next() < 0.5 ? 1 : 2
    const puts = random.next() < 0.6
    const request = puts ? restore(goal) : keep()
    const most = puts ? calls.restore : calls.keep
    const after = random.pick([0, 0.001, 0.003, 0.01, 0.03])
    const kill = { at: 1 + Math.floor(random.next() * most), after, both: random.next() < 0.6 }
    const about = `round ${round}: ${JSON.stringify({ request, kill })}`
    if (!puts) at.write("many/0.txt", `round ${round}\n`)
    const before = puts ? from : at.files()
    const to = puts ? (trees[goal - 1] ?? {}) : before
    await session.perform(request, kill)

    const now = at.files()
    // Where git alone was killed its caller sees to it; where the caller was, each file is whole.
    if (!kill.both) expect([before, to], about).toContainEqual(now)
    for (const [name, content] of Object.entries(now))
      expect([before[name], to[name]], `${about} ${name}`).toContain(content)
    expect(at.own(), about).toEqual(own)
    at.git(["fsck", "--strict"])

    const refused = session.refused()
    await session.perform({ ...request, requestId: newRequestId() })
    expect(session.refused(), about).toBe(refused)
    expect(at.files(), about).toEqual(to)
    expect(at.own(), about).toEqual(own)
    const last = session.last()
    expect(at.git(["rev-parse", `refs/agentz/${session.sessionId}/${last?.n}^{tree}`]).trim(), about).toBe(
      last?.tree,
    )
    expect(locksIn(at), about).toEqual([])
  }
})
