import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test, vi } from "vitest"
import { endLeftovers } from "#daemon/process/belongings"
import { groupNameOf } from "#daemon/process/cgroup"
import { LaunchError, openEnclosure } from "#daemon/process/enclosure"
import { testEnclosure } from "../../support/enclosure.ts"
import { type Hostile, hostileTree } from "../../support/hostile-tree.ts"
import { offeredIsolations } from "../../support/offered-isolations.ts"

const PATH = process.env.PATH ?? ""
const ROUNDS = process.env.AGENTZ_TEST_LONG ? 50 : 6

const offered = offeredIsolations()
const sure = offered.filter((kind) => kind !== "marker")

const bash = (name: string, script: string, env: Record<string, string> = {}) =>
  ({ name, argv: ["/bin/bash", "-c", script], cwd: tmpdir(), env: { PATH, ...env } }) as const

/** As many as its script starts, not counting those that come and go. */
const up = (hostile: Hostile) => vi.waitFor(() => expect(hostile.alive().length).toBeGreaterThanOrEqual(6))

describe.each(sure)("isolation by %s", (wanted) => {
  test(`nothing survives the end of a program that does all it can to survive, in ${ROUNDS} rounds`, async () => {
    await using place = await testEnclosure({ wanted })
    for (let round = 0; round < ROUNDS; round++) {
      const hostile = hostileTree()
      try {
        const launched = await place.enclosure.launch(bash(`call-${round}`, hostile.script))
        await up(hostile)
        await launched.end(50)
        expect(hostile.alive()).toEqual([])
      } finally {
        hostile.clear()
      }
    }
  }, 300_000)

  test("the control plane ends what a dead daemon left, knowing only session and epoch", async () => {
    await using place = await testEnclosure({ wanted })
    const { home, sessionId } = place
    const hostile = hostileTree()
    try {
      await place.enclosure.launch(bash("left", hostile.script))
      await up(hostile)
      await endLeftovers({ home, sessionId, epoch: 1 }, 50)
      expect(hostile.alive()).toEqual([])
    } finally {
      hostile.clear()
    }
  })
})

describe.each(offered)("isolation by %s", (wanted) => {
  test("a program runs where and with what it was told, and tells how it ended", async () => {
    await using place = await testEnclosure({ wanted })
    const { child, stdout } = await place.enclosure.launch(
      bash("one", 'echo "$PWD $GIVEN $AGENTZ_SESSION"; exit 3', { GIVEN: "two words" }),
    )
    let said = ""
    stdout.on("data", (chunk) => {
      said += chunk
    })
    const [code] = await once(child, "close")
    expect([said, code]).toEqual([`${tmpdir()} two words ${place.sessionId}\n`, 3])
  })

  test("what it reads is written to its input, and the end of the input is seen", async () => {
    await using place = await testEnclosure({ wanted })
    const { child, stdin, stdout } = await place.enclosure.launch({ ...bash("cat", "cat"), stdin: "pipe" })
    let said = ""
    stdout.on("data", (chunk) => {
      said += chunk
    })
    stdin?.end("said\n")
    await once(child, "close")
    expect(said).toBe("said\n")
  })

  test("one that may end by itself is let do so", async () => {
    await using place = await testEnclosure({ wanted })
    const launched = await place.enclosure.launch(
      bash("polite", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done"),
    )
    let said = ""
    launched.stdout.on("data", (chunk) => {
      said += chunk
    })
    await vi.waitFor(() => expect(said).toBe("up\n"))
    const closed = once(launched.child, "close")
    await launched.end(10_000)
    await closed
    expect(said).toBe("up\nbye\n")
  })

  test("a program or directory that is missing is named, and nothing is started", async () => {
    await using place = await testEnclosure({ wanted })
    const program = bash("none", ":")
    for (const wrong of [
      { ...program, argv: ["no-such-program"] as const },
      { ...program, cwd: "/no/such/directory" },
    ])
      await expect(place.enclosure.launch(wrong)).rejects.toThrow(LaunchError)
  })

  test("ending one program leaves the others alone; ending a turn leaves what is kept", async () => {
    await using place = await testEnclosure({ wanted })
    const trees = [
      hostileTree({ forks: false }),
      hostileTree({ forks: false }),
      hostileTree({ forks: false }),
    ]
    const [one, two, kept] = trees as [Hostile, Hostile, Hostile]
    try {
      const first = await place.enclosure.launch(bash("one", one.script))
      await place.enclosure.launch(bash("two", two.script))
      await place.enclosure.launch({ ...bash("kept", kept.script), kept: true })
      await vi.waitFor(() => {
        for (const tree of trees) expect(tree.alive()).toHaveLength(5)
      })
      await first.end(0)
      expect([two.alive().length, kept.alive().length]).toEqual([5, 5])
      await place.enclosure.endTurn(0)
      expect(kept.alive()).toHaveLength(5)
      if (wanted !== "marker") expect([...one.alive(), ...two.alive()]).toEqual([])
    } finally {
      for (const tree of trees) tree.clear()
    }
  })

  test("ending what an earlier epoch left spares the epoch after it", async () => {
    await using place = await testEnclosure({ wanted, epoch: 1 })
    const { home, sessionId } = place
    const next = openEnclosure({ home, sessionId, epoch: 2, wanted })
    const old = await place.enclosure.launch(bash("old", "sleep 300"))
    const ours = await next.launch(bash("new", "sleep 300"))
    try {
      const ended = once(old.child, "exit")
      await endLeftovers({ home, sessionId, epoch: 1 }, 0)
      await ended
      expect(ours.child.exitCode ?? ours.child.signalCode).toBeNull()
    } finally {
      await next.end(0)
    }
  })

  test("what a daemon launches runs, however often what earlier ones left is cleared away meanwhile", async () => {
    await using place = await testEnclosure({ wanted, epoch: 2 })
    const { home, sessionId } = place
    let over = false
    const clearing = (async () => {
      while (!over) {
        await endLeftovers({ home, sessionId, epoch: 1 }, 0)
        await new Promise(setImmediate)
      }
    })()
    const codes: unknown[] = []
    for (let n = 0; n < 40; n++) {
      const { child } = await place.enclosure.launch(bash(`call ${n}`, "exit 7"))
      codes.push((await once(child, "exit"))[0])
    }
    over = true
    await clearing
    expect(codes).toEqual(codes.map(() => 7))
  })

  test("another session's processes with the same names are nobody's business", async () => {
    await using place = await testEnclosure({ wanted })
    await using other = await testEnclosure({ wanted })
    const mine = await place.enclosure.launch(bash("same", "sleep 300"))
    const theirs = await other.enclosure.launch(bash("same", "sleep 300"))
    await mine.end(0)
    await place.enclosure.end(0)
    expect(theirs.child.exitCode ?? theirs.child.signalCode).toBeNull()
  })
})

test("the known miss of the marker: a process that clears its environment, leaves its group and outlives its parents", async () => {
  await using place = await testEnclosure({ wanted: "marker" })
  const hostile = hostileTree({ forks: false })
  try {
    const launched = await place.enclosure.launch(bash("call", hostile.script))
    await vi.waitFor(() => expect(hostile.alive()).toHaveLength(5))
    await launched.end(0)
    expect(hostile.alive()).toHaveLength(1)
  } finally {
    hostile.clear()
  }
})

test.runIf(offered.includes("cgroup"))(
  "no group is left behind, and none but the session's own is believed",
  async () => {
    const place = await testEnclosure({ wanted: "cgroup" })
    const { home, sessionId } = place
    await place.enclosure.launch(bash("call", "sleep 300"))
    const note = JSON.parse(readFileSync(join(home, "sessions", sessionId, "isolation.json"), "utf8"))
    expect(note.groups.every((dir: string) => dir.endsWith(groupNameOf(home, sessionId)))).toBe(true)
    expect(note.groups.every(existsSync)).toBe(true)
    await place[Symbol.asyncDispose]()
    expect(note.groups.some(existsSync)).toBe(false)
  },
)

afterAll(() => {
  const left = execFileSync("ps", ["-eo", "args="], { encoding: "utf8" })
  expect(left).not.toContain("hostile-")
})
