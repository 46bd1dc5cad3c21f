import { expect, test } from "vitest"
import { standingOf } from "#src/workflows/worker/standing"
import { parseEvent, type SessionEvent } from "#streams/event"
import { MessageId, SessionId } from "#streams/ids"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const messageId = MessageId.parse("msg_a")
const turnId = "turn_a"

/** The session of a program, by what it said. */
function told(...said: readonly object[]) {
  const events = said.map((one, seq) =>
    parseEvent({ id: `evt_${seq}`, seq, epoch: 1, at: "2030-01-01T00:00:00Z", ...one }),
  )
  expect(events).not.toContain(null)
  return foldSession(emptySession(SessionId.parse("ses_a")), events as SessionEvent[])
}

const STARTED = {
  ...{ type: "session_started", agentType: "command", workingDir: "/work", permissionMode: "ask", pid: 1 },
  ...{ startTime: "1", bootId: "boot", host: "host", incarnation: "i", version: "0" },
}
const TURN = [
  STARTED,
  { type: "user_message", messageId, text: "{}" },
  { type: "turn_started", turnId, messageId, cause: "user" },
  {
    type: "tool_call",
    turnId,
    toolCallId: "c",
    title: "x",
    kind: "execute",
    status: "pending",
    locations: [],
    content: [],
  },
  { type: "tool_call_update", turnId, toolCallId: "c", status: "completed", output: "done", exitCode: 0 },
]
const ENDED = { type: "turn_ended", turnId, stopReason: "end_turn" }
const CRASH = { code: "daemon_crashed", message: "The daemon crashed." }

test("a daemon that crashes after its turn has ended takes nothing away from what the turn gave", () => {
  const session = told(
    ...TURN,
    ENDED,
    { type: "session_ended", reason: "idle" },
    {
      type: "session_failed",
      error: CRASH,
    },
  )
  expect(session.status).toBe("failed")
  expect(standingOf(session, messageId)).toMatchObject({ type: "ended", text: "done", exitCode: 0 })
})

test("one that crashes in the middle of it has given nothing", () => {
  expect(standingOf(told(...TURN, { type: "session_failed", error: CRASH }), messageId)).toMatchObject({
    type: "failed",
    error: { code: "daemon_crashed", class: "transient" },
  })
  const failed = { ...ENDED, stopReason: "error", error: { code: "provider_auth", message: "No key." } }
  expect(standingOf(told(...TURN, failed), messageId)).toMatchObject({
    type: "failed",
    error: { code: "provider_auth", class: "unauthorized" },
  })
})

test("one that never came to its message has failed, and one whose daemon is gone in the middle is lost", () => {
  const [started, message] = TURN
  const never = told({ ...started }, { type: "session_failed", error: CRASH })
  expect(standingOf(never, messageId)).toMatchObject({ type: "failed" })
  const lost = told(...TURN, { type: "session_interrupted", error: CRASH })
  expect(standingOf(lost, messageId)).toEqual({ type: "lost" })
  expect(standingOf(told({ ...started }, { ...message }), messageId)).toEqual({ type: "working" })
})
