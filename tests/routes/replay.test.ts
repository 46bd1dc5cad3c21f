import fc from "fast-check"
import { expect, test } from "vitest"
import recorded from "../../routes/-app/recorded-demo.json" with { type: "json" }
import { openReplay } from "../../routes/-app/replay.ts"
import { usageOf } from "../../routes/-app/turn-usage.ts"
import { parseEvent, type SessionEvent } from "../../streams/event.ts"
import { SessionId } from "../../streams/ids.ts"
import { emptySession } from "../../streams/session.ts"
import { foldSession } from "../../streams/session-fold.ts"

const id = SessionId.parse("ses_replay")
const stamp = (seq: number) => ({ id: `evt_${seq}`, seq, epoch: 1, at: `2026-01-01T00:00:${seq % 60}Z` })
const chunk = (seq: number) => ({
  ...stamp(seq),
  type: "agent_message_chunk",
  turnId: "turn_1",
  messageId: `m${Math.floor(seq / 7)}`,
  text: `word ${seq} `,
})

test("any moment is the fold of the events up to it, however they arrived", () => {
  const events = [
    { ...stamp(0), type: "turn_started", turnId: "turn_1", cause: "recovery" },
    ...Array.from({ length: 3_500 }, (_, index) => chunk(index + 1)),
  ]
  const known = events.flatMap((event) => parseEvent(event) ?? [])
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: -1, max: 3_600 }),
      (sizes, seq) => {
        const replay = openReplay(id)
        for (let from = 0, at = 0; from < events.length; at++) {
          const size = sizes[at % sizes.length] ?? 1
          replay.add(events.slice(from, from + size))
          from += size
        }
        const upTo = known.filter((event) => event.seq <= seq)
        expect(replay.at(seq)).toEqual(foldSession(emptySession(id), upTo))
      },
    ),
    { numRuns: 25 },
  )
})

test("what is not understood is kept to be looked at, and changes nothing", () => {
  const replay = openReplay(id)
  replay.add([chunk(0), { ...stamp(1), type: "from_the_future", secret: 1 }, chunk(2), "not an event"])
  expect(replay.raw).toHaveLength(3)
  expect(replay.at(Number.POSITIVE_INFINITY).seq).toBe(2)
})

test("events that were said twice count once", () => {
  const replay = openReplay(id)
  replay.add([chunk(0), chunk(1), chunk(0), chunk(1), chunk(2)])
  expect(replay.at(2).items).toMatchObject([{ text: "word 0 word 1 word 2 " }])
})

test("the recorded session can be read, shows an approval on its way, and ends well", () => {
  const replay = openReplay(id)
  replay.add(recorded)
  expect(replay.events).toHaveLength(recorded.length)
  const asked = replay.events.find(({ type }) => type === "permission_request")
  expect(replay.at(asked?.seq ?? -1).status).toBe("waiting")
  expect(replay.at(Number.POSITIVE_INFINITY).status).toBe("completed")
  expect(JSON.stringify(recorded)).not.toMatch(/\/tmp\/|\/root\//)
})

test("what a turn took is summed up per turn, a repeat not twice", () => {
  const usage = (seq: number, turnId: string, more: object = {}) => ({
    ...stamp(seq),
    type: "usage" as const,
    turnId,
    inputTokens: 10,
    outputTokens: 2,
    ...more,
  })
  const started = (seq: number, turnId: string) => ({
    ...stamp(seq),
    type: "turn_started" as const,
    turnId,
    cause: "user" as const,
  })
  const events = [
    started(0, "turn_a"),
    usage(1, "turn_a", { costUsd: 0.5, contextUsed: 30, contextSize: 100 }),
    usage(1, "turn_a", { costUsd: 0.5 }),
    usage(2, "turn_a"),
    started(3, "turn_b"),
    usage(4, "turn_b"),
  ] as SessionEvent[]
  expect(usageOf(events)).toMatchObject({
    turns: [
      { turnId: "turn_a", inputTokens: 20, outputTokens: 4, costUsd: 0.5 },
      { turnId: "turn_b", inputTokens: 10, costUsd: null },
    ],
    context: { used: 30, size: 100 },
  })
})
