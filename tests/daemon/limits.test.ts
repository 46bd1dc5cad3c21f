import { mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { diskGrowth } from "#daemon/disk-growth"
import { LimitReached, limitsOf, type Spent } from "#daemon/limits"
import type { Limits } from "#streams/session-limits"
import { tempDir } from "../support/temp-dir.ts"

/** A turn of a session with these limits, whose use is what the test says it is. */
function turn(limits: Limits) {
  const use = {
    refused: { memory: 0 as number | null, processes: 0 as number | null },
    footprint: { memoryKb: 0, processes: 0 },
    disk: 0,
    spent: { costUsd: 0, tokens: 0 } satisfies Spent as Spent,
  }
  const cancel = new AbortController()
  const watch = limitsOf({
    sessionId: "ses_limited",
    limits: () => limits,
    enclosure: { refusals: () => ({ ...use.refused }), footprint: () => use.footprint },
    disk: { bytes: () => use.disk, look: () => undefined, ready: async () => undefined },
  })
  return { use, cancel, begin: () => watch(cancel.signal, () => use.spent) }
}

test.each<[string, Limits, (use: ReturnType<typeof turn>["use"]) => void]>([
  ["memory_limit", { memoryMb: 64 }, (use) => Object.assign(use.refused, { memory: 1 })],
  ["process_limit", { processes: 8 }, (use) => Object.assign(use.refused, { processes: 3 })],
  ["disk_limit", { diskMb: 1 }, (use) => Object.assign(use, { disk: 2 * 1024 * 1024 })],
  ["cost_budget", { costUsd: 1 }, (use) => Object.assign(use, { spent: { costUsd: 1, tokens: 5 } })],
  ["cost_budget", { tokens: 10 }, (use) => Object.assign(use, { spent: { costUsd: 0, tokens: 10 } })],
  ["time_budget", { minutes: 1e-6 }, () => undefined],
])("%s ends a turn that goes too far, with a reason and a remedy", async (code, limits, goTooFar) => {
  const { use, begin } = turn(limits)
  using watch = begin()
  goTooFar(use)
  await vi.waitFor(() => expect(watch.signal.aborted).toBe(true), 3_000)
  expect(watch.signal.reason).toBeInstanceOf(LimitReached)
  expect(watch.reached()).toMatchObject({ code, message: expect.stringMatching(/session|turn|directory/) })
  expect(watch.reached()?.hint).toMatch(/agentz limit ses_limited .* resume/)
})

test("where the kernel does not count, what runs is counted", async () => {
  for (const [limits, footprint] of [
    [{ memoryMb: 64 }, { memoryKb: 65 * 1024, processes: 1 }],
    [{ processes: 8 }, { memoryKb: 1, processes: 9 }],
  ] as const) {
    const { use, begin } = turn(limits)
    Object.assign(use.refused, { memory: null, processes: null })
    Object.assign(use.footprint, footprint)
    using watch = begin()
    expect(watch.signal.aborted).toBe(true)
  }
})

test("what was refused in an earlier turn is not held against this one", () => {
  const { use, begin } = turn({ memoryMb: 64, processes: 8 })
  Object.assign(use.refused, { memory: 7, processes: 9 })
  using watch = begin()
  expect(watch.reached()).toBeNull()
})

test("what is refused just before the end of a turn is seen at its end", () => {
  const { use, begin } = turn({ memoryMb: 64 })
  using watch = begin()
  Object.assign(use.refused, { memory: 1 })
  expect(watch.reached()).toMatchObject({ code: "memory_limit" })
})

test("a turn that a person cancelled is cancelled, whatever it used", () => {
  const { use, cancel, begin } = turn({ memoryMb: 64 })
  using watch = begin()
  cancel.abort("cancelled")
  Object.assign(use.refused, { memory: 1 })
  expect([watch.signal.reason, watch.reached()]).toEqual(["cancelled", null])
})

test("without limits nothing is looked at", () => {
  const { use, begin } = turn({})
  Object.assign(use, { disk: 1e12, spent: { costUsd: 1e6, tokens: 1e9 } })
  Object.assign(use.refused, { memory: 9, processes: 9 })
  using watch = begin()
  expect(watch.reached()).toBeNull()
})

const MIB = 1024 * 1024

test("a directory has grown by what was written since the session began, over restarts too", async () => {
  await using home = await tempDir()
  const work = join(home.path, "work")
  await mkdir(join(work, "deep/down"), { recursive: true })
  await writeFile(join(work, "before"), Buffer.alloc(3 * MIB, 1))
  const options = { dirs: [work], baseline: join(home.path, "disk.json"), limitMb: () => 1 } as const
  const first = diskGrowth(options)
  await first.ready()
  expect(first.bytes()).toBe(0)
  await writeFile(join(work, "deep/down/new"), Buffer.alloc(2 * MIB, 1))
  await symlink(home.path, join(work, "out"))
  const grown = (disk: ReturnType<typeof diskGrowth>) =>
    vi.waitFor(() => {
      disk.look()
      expect(disk.bytes()).toBeGreaterThanOrEqual(2 * MIB)
      expect(disk.bytes()).toBeLessThan(3 * MIB)
    }, 10_000)
  await grown(first)
  // The next daemon knows what was there before.
  const next = diskGrowth(options)
  await next.ready()
  await grown(next)
})

test("a directory that is gone has not grown", async () => {
  await using home = await tempDir()
  const work = join(home.path, "work")
  await mkdir(work)
  const disk = diskGrowth({ dirs: [work], baseline: join(home.path, "disk.json"), limitMb: () => 1 })
  await disk.ready()
  await rm(work, { recursive: true })
  disk.look()
  await disk.ready()
  expect(disk.bytes()).toBeLessThanOrEqual(0)
})
