import { expect, test } from "vitest"
import { collect } from "#src/mcp/collecting"

const never = new AbortController().signal
const ended = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })

/** A log whose batches are these, and that then says nothing more. */
const following = (...batches: readonly (readonly number[])[]) =>
  async function* (signal: AbortSignal) {
    for (const [index, batch] of batches.entries())
      for (const event of batch) yield { event, offset: String(index + 1) }
    await ended(signal)
  }

test("what is there is given at the first lull, long before the time is over", async () => {
  const found = await collect(following([1, 2], [3]), { ms: 3_600_000, most: 100, signal: never })
  expect(found).toEqual({ events: [1, 2, 3], offset: "2" })
})

test("a batch is never cut, so that going on from its offset misses nothing", async () => {
  const follow = following([1, 2, 3], [4], [5])
  expect(await collect(follow, { ms: 3_600_000, most: 1, signal: never })).toEqual({
    events: [1, 2, 3],
    offset: "1",
  })
  expect(await collect(follow, { ms: 3_600_000, most: 4, signal: never })).toEqual({
    events: [1, 2, 3, 4],
    offset: "2",
  })
})

test("where nothing comes it ends with the time, or with whoever asked", async () => {
  const nothing = { events: [], offset: null }
  expect(await collect(following(), { ms: 1, most: 1, signal: never })).toEqual(nothing)
  expect(await collect(following(), { ms: 3_600_000, most: 1, signal: AbortSignal.abort() })).toEqual(nothing)
})
