import fc from "fast-check"
import { expect, test } from "vitest"
import type { SessionEvent, Unstamped } from "#streams/event"
import { type MessageId, type RequestId, SessionId, type TurnId } from "#streams/ids"
import { isDue, resumesAt, stopsWaiting } from "#streams/limit"
import { emptySession, type Session } from "#streams/session"
import { foldSession, reduceSession } from "#streams/session-fold"
import { seeded } from "../support/seeded.ts"

const sessionId = SessionId.parse("ses_test")
const turnId = "turn_1" as TurnId
const messageId = "msg_1" as MessageId
const requestId = "req_1" as RequestId

const stamped = (events: readonly Unstamped[], epoch = 1, from = 0): SessionEvent[] =>
  events.map(
    (event, index) =>
      ({
        id: `evt_${epoch}_${from + index}`,
        seq: from + index,
        epoch,
        at: "2026-01-01T00:00:00Z",
        ...event,
      }) as SessionEvent,
  )

const fold = (events: readonly SessionEvent[]): Session => foldSession(emptySession(sessionId), events)

const started: Unstamped = {
  type: "session_started",
  agentType: "demo",
  workingDir: "/w",
  permissionMode: "ask",
  pid: 7,
  startTime: "1",
  bootId: "b",
  host: "h",
  incarnation: "i",
  version: "0",
}
const asked: Unstamped = { type: "user_message", messageId, text: "do it" }
const begun: Unstamped = { type: "turn_started", turnId, messageId, cause: "user" }
const chunk = (text: string): Unstamped => ({ type: "agent_message_chunk", turnId, messageId: "m", text })
const tool: Unstamped = {
  type: "tool_call",
  turnId,
  toolCallId: "t",
  title: "Run",
  kind: "execute",
  status: "in_progress",
  locations: [],
  input: { cmd: "ls" },
  content: [],
}
const permission: Unstamped = {
  type: "permission_request",
  turnId,
  requestId,
  toolCallId: "t",
  title: "Run",
  kind: "execute",
  input: {},
  inputHash: "h",
  content: [],
  decisions: ["allow", "deny"],
}
const lost: Unstamped = { type: "session_interrupted", error: { code: "daemon_lost", message: "gone" } }

test("a turn goes from its message to completed, and the whole text replaces its preview", () => {
  const whole: Unstamped = { type: "agent_message", turnId, messageId: "m", text: "Hello." }
  const ended: Unstamped = { type: "turn_ended", turnId, stopReason: "end_turn" }
  const session = fold(stamped([started, asked, begun, chunk("Hel"), chunk("lo"), whole, ended]))
  expect(session.status).toBe("completed")
  expect(session.queue).toEqual([])
  expect(session.items.map(({ type }) => type)).toEqual(["user", "message", "turn_end"])
  expect(session.items[1]).toMatchObject({ text: "Hello.", done: true })
})

test("an interrupted turn is never called completed, and its calls are not left running", () => {
  const session = fold(stamped([started, asked, begun, tool, lost]))
  expect(session.status).toBe("interrupted")
  expect(session.items.find(({ type }) => type === "tool")).toMatchObject({
    status: "failed",
    interrupted: true,
  })
  expect(session.items.at(-1)).toMatchObject({ type: "turn_end", stopReason: "interrupted" })
})

test("an approval makes the session wait, outlives the daemon that asked, and is settled once", () => {
  const waiting = stamped([started, asked, begun, tool, permission])
  expect(fold(waiting).status).toBe("waiting")
  const interrupted = [...waiting, ...stamped([lost], 2, 5)]
  expect(fold(interrupted)).toMatchObject({ status: "interrupted", approvals: [{ requestId }] })
  const resolved: Unstamped = {
    type: "permission_resolved",
    requestId,
    decision: "allow",
    delivered: true,
    by: "user",
  }
  const after = fold([...interrupted, ...stamped([resolved], 3, 6)])
  expect(after).toMatchObject({ status: "interrupted", approvals: [] })
  expect(after.items.find(({ type }) => type === "permission")).toMatchObject({ decision: "allow" })
})

test("a message typed during a turn is queued and read where its own turn begins", () => {
  const second = "msg_2" as MessageId
  const events = stamped([
    started,
    asked,
    begun,
    { type: "user_message", messageId: second, text: "and then" },
    chunk("working"),
    { type: "turn_ended", turnId, stopReason: "end_turn" },
    { type: "turn_started", turnId: "turn_2" as TurnId, messageId: second, cause: "user" },
  ])
  expect(fold(events.slice(0, 5)).queue).toEqual([{ messageId: second, text: "and then" }])
  expect(fold(events).items.map(({ type }) => type)).toEqual(["user", "message", "turn_end", "user"])
})

test("what an older writer says after a newer one spoke changes nothing", () => {
  const events = [...stamped([started, asked, begun]), ...stamped([lost], 2, 3)]
  const late = stamped([chunk("from the past")], 1, 4)
  expect(fold([...events, ...late])).toEqual(fold(events))
})

const someEvents = fc.array(
  fc.constantFrom<Unstamped>(asked, begun, chunk("a"), chunk("b"), tool, permission, lost, {
    type: "turn_ended",
    turnId,
    stopReason: "end_turn",
  }),
  { maxLength: 40 },
)

test("replaying from any saved point equals replaying from the start", () => {
  fc.assert(
    fc.property(someEvents, fc.nat(40), (unstamped, cut) => {
      const events = stamped([started, ...unstamped])
      expect(foldSession(fold(events.slice(0, cut)), events.slice(cut))).toEqual(fold(events))
    }),
  )
})

test("an agent that counts its messages and calls anew writes over nothing of an earlier turn", () => {
  const said = (turn: TurnId, text: string): Unstamped[] => [
    { ...begun, turnId: turn },
    { type: "agent_message", turnId: turn, messageId: "m", text },
    { ...tool, turnId: turn, title: text },
    { type: "tool_call_update", turnId: turn, toolCallId: "t", status: "completed", appendOutput: text },
    { type: "turn_ended", turnId: turn, stopReason: "end_turn" },
  ]
  const session = fold(stamped([started, ...said(turnId, "one"), ...said("turn_2" as TurnId, "two")]))
  expect(session.items).toMatchObject([
    { type: "message", text: "one" },
    { type: "tool", title: "one", output: "one" },
    { type: "turn_end" },
    { type: "message", text: "two" },
    { type: "tool", title: "two", output: "two" },
    { type: "turn_end" },
  ])
  expect(new Set(session.items.map(({ key }) => key)).size).toBe(session.items.length)
})

test("what becomes of a call after its turn is told where the call is", () => {
  const next = "turn_2" as TurnId
  const late: Unstamped = { type: "tool_call_update", turnId: next, toolCallId: "t", appendOutput: "late" }
  const session = fold(stamped([started, begun, tool, { ...begun, turnId: next }, late]))
  expect(session.items).toMatchObject([{ type: "tool", title: "Run", output: "late" }, { type: "turn_end" }])
})

test("events delivered twice, in pieces of any size, change nothing", () => {
  fc.assert(
    fc.property(
      someEvents,
      fc.array(fc.tuple(fc.nat(40), fc.nat(10)), { maxLength: 10 }),
      (unstamped, repeats) => {
        const events = stamped([started, ...unstamped])
        let session = emptySession(sessionId)
        for (const event of events) {
          session = reduceSession(session, event)
          for (const [from, length] of repeats)
            session = foldSession(session, events.slice(0, event.seq + 1).slice(from, from + length))
        }
        expect(session).toEqual(fold(events))
      },
    ),
  )
})

test("a long replay is what its events amount to one by one, however often it goes back to what was said long ago", () => {
  const random = seeded("a long session")
  const said: Unstamped[] = [started]
  const waiting: MessageId[] = []
  const calls: Unstamped[] = []
  let turns = 0
  while (said.length < 2_000) {
    const id = `msg_${said.length}` as MessageId
    const turn = `turn_${turns}` as TurnId
    const act = random.pick(["ask", "ask", "begin", "withdraw", "call", "call", "late", "say"])
    if (act === "ask") {
      waiting.push(id)
      said.push({ ...asked, messageId: id } as Unstamped)
    } else if (act === "begin") {
      turns += 1
      const messageId = waiting.shift()
      said.push({
        type: "turn_started",
        turnId: `turn_${turns}` as TurnId,
        cause: "user",
        ...(messageId && { messageId }),
      })
    } else if (act === "withdraw" && waiting.length > 0) {
      const messageId = random.pick(waiting)
      waiting.splice(waiting.indexOf(messageId), 1)
      said.push({ type: "message_withdrawn", messageId })
    } else if (act === "call") {
      const call = { ...tool, turnId: turn, toolCallId: `call_${said.length}` } as Unstamped
      calls.push(call)
      said.push(call)
    } else if (act === "late" && calls.length > 0)
      said.push({ ...random.pick(calls), type: "tool_call_update", appendOutput: "more" } as Unstamped)
    else
      said.push({
        type: "agent_message_chunk",
        turnId: turn,
        messageId: random.pick(["m1", "m2", "m3"]),
        text: "word ",
      })
  }
  const events = stamped(said)
  const whole = fold(events)
  expect(whole.items.length).toBeGreaterThan(500)
  expect(events.reduce(reduceSession, emptySession(sessionId))).toEqual(whole)
  expect(new Set(whole.items.map(({ key }) => key)).size).toBe(whole.items.length)
})

test("a fold does not touch the session it is given, and keeps what no event touched", () => {
  const events = stamped([started, asked, begun, chunk("a"), tool])
  const before = fold(events)
  const frozen = structuredClone(before)
  const after = foldSession(
    before,
    stamped([{ type: "tool_call_update", turnId, toolCallId: "t", status: "completed" }], 1, 5),
  )
  expect(before).toEqual(frozen)
  expect(after.items[0]).toBe(before.items[0])
  expect(after.items[2]).not.toBe(before.items[2])
})

const limit = (more: Partial<Extract<Unstamped, { type: "limit_reached" }>> = {}): Unstamped => ({
  type: "limit_reached",
  turnId,
  kind: "usage",
  message: "used up",
  until: "2026-01-01T01:00:00.000Z",
  resumes: true,
  ...more,
})
const failed: Unstamped = {
  type: "turn_ended",
  turnId,
  stopReason: "error",
  error: { code: "usage_limit", message: "used up" },
}

test("a session that waits for a limit is due when it is lifted, and not any more when a turn begins", () => {
  const events = [started, asked, begun, limit(), failed]
  const waiting = fold(stamped(events))
  const time = Date.parse("2026-01-01T01:00:00.000Z")
  expect(waiting).toMatchObject({ status: "failed", limit: { resumes: true }, limitsInARow: 1 })
  expect([isDue(waiting, time - 1), isDue(waiting, time)]).toEqual([false, true])
  expect(resumesAt(waiting)).toBe(time)
  const going = fold(
    stamped([...events, { type: "turn_started", turnId: "turn_2" as TurnId, cause: "recovery" }]),
  )
  expect(going.limit).toBeNull()
  expect(isDue(going, time)).toBe(false)
})

test("a person who ends the waiting is heard for the turn that the limit ended, and for no later one", () => {
  const waiting = fold(stamped([started, asked, begun, limit(), failed]))
  expect(stopsWaiting(waiting, { turnId: "turn_0" as TurnId })).toEqual([])
  const [stop] = stopsWaiting(waiting, { turnId })
  if (!stop) throw new Error("Nothing is said.")
  const stopped = reduceSession(waiting, stamped([stop], 1, 5)[0] as SessionEvent)
  expect(stopped).toMatchObject({ limit: { resumes: false }, limitsInARow: 1 })
  expect(stopsWaiting(stopped, { turnId })).toEqual([])
})

test("limits are counted as long as no turn gets through", () => {
  const next = (n: number): Unstamped[] => [
    { type: "turn_started", turnId: `turn_${n}` as TurnId, cause: "recovery" },
    limit({ turnId: `turn_${n}` as TurnId }),
    { ...failed, turnId: `turn_${n}` as TurnId } as Unstamped,
  ]
  const twice = [started, asked, begun, limit(), failed, ...next(2)]
  expect(fold(stamped(twice)).limitsInARow).toBe(2)
  const through: Unstamped[] = [
    { type: "turn_started", turnId: "turn_3" as TurnId, cause: "recovery" },
    { type: "turn_ended", turnId: "turn_3" as TurnId, stopReason: "end_turn" },
  ]
  expect(fold(stamped([...twice, ...through])).limitsInARow).toBe(0)
})

test("a daemon that does not come when the limit is lifted is started again a minute later, and not for ever", () => {
  const lost: Unstamped = { type: "session_failed", error: { code: "start_failed", message: "no" } }
  const events = [started, asked, begun, limit(), failed]
  const once = fold(stamped([...events, lost]))
  expect(once.limit).toMatchObject({ resumes: true, until: "2026-01-01T00:01:00.000Z" })
  expect(fold(stamped([...events, ...Array(8).fill(lost)])).limit).toMatchObject({ resumes: false })
})

test("another conversation with the agent counts its cost anew", () => {
  const agent = (agentSessionId: string): Unstamped => ({ type: "agent_started", name: "a", agentSessionId })
  const usage: Unstamped = {
    type: "usage",
    turnId,
    inputTokens: 1,
    outputTokens: 1,
    costUsd: 0.5,
    reportedCostUsd: 0.5,
  }
  const events = [started, agent("one"), asked, begun, usage]
  expect(fold(stamped([...events, agent("one")])).reportedCostUsd).toBe(0.5)
  expect(fold(stamped([...events, agent("two")]))).toMatchObject({
    reportedCostUsd: null,
    usage: { costUsd: 0.5 },
  })
})
