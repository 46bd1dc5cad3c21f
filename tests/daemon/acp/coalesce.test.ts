import { expect, test, vi } from "vitest"
import { coalesce } from "#daemon/acp/coalesce"
import type { Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"

const turnId = "turn_1" as TurnId
const chunk = (text: string, messageId = "m"): Unstamped => ({
  type: "agent_message_chunk",
  turnId,
  messageId,
  text,
})
const whole: Unstamped = { type: "agent_message", turnId, messageId: "m", text: "abc" }

test("chunks of one message become one event, and what follows stays behind them", () => {
  const published: Unstamped[] = []
  using chunks = coalesce((event) => published.push(event))
  for (const text of ["a", "b", "c"]) chunks.push(chunk(text))
  chunks.push(whole)
  expect(published).toEqual([chunk("abc"), whole])
})

test("chunks of different messages are not joined", () => {
  const published: Unstamped[] = []
  {
    using chunks = coalesce((event) => published.push(event))
    chunks.push(chunk("a", "one"))
    chunks.push(chunk("b", "two"))
  }
  expect(published).toEqual([chunk("a", "one"), chunk("b", "two")])
})

test("a lone chunk is held for 50 ms at most", () => {
  vi.useFakeTimers()
  try {
    const published: Unstamped[] = []
    using chunks = coalesce((event) => published.push(event))
    chunks.push(chunk("a"))
    vi.advanceTimersByTime(49)
    expect(published).toEqual([])
    vi.advanceTimersByTime(1)
    expect(published).toEqual([chunk("a")])
  } finally {
    vi.useRealTimers()
  }
})

test("a long text is not held at all", () => {
  const published: Unstamped[] = []
  using chunks = coalesce((event) => published.push(event))
  chunks.push(chunk("x".repeat(3000)))
  expect(published).toHaveLength(1)
})
