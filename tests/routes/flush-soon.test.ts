import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { flushSoon } from "../../routes/-app/flush-soon.ts"

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test("the first change goes out at once, and what follows it together when its time has come", () => {
  const sent: number[] = []
  let value = 0
  const flush = flushSoon(() => sent.push(value), 50)
  const change = () => {
    value += 1
    flush()
  }
  change()
  vi.advanceTimersByTime(0)
  expect(sent).toEqual([1])
  change()
  change()
  vi.advanceTimersByTime(49)
  expect(sent).toEqual([1])
  vi.advanceTimersByTime(1)
  expect(sent).toEqual([1, 3])
  vi.advanceTimersByTime(1_000)
  expect(sent).toEqual([1, 3])
})

test("what waits can be sent now, once", () => {
  let sent = 0
  const flush = flushSoon(() => {
    sent += 1
  }, 50)
  flush.now()
  expect(sent).toBe(0)
  flush()
  flush.now()
  vi.advanceTimersByTime(1_000)
  expect(sent).toBe(1)
})
