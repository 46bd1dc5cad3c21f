// A session of many events, as a daemon would have written them, put straight into a stream.
import { randomBytes } from "node:crypto"

const WORDS =
  "the stream keeps what was said and a fold reads it back in order from the first event to the last".split(
    " ",
  )
const EVENTS_PER_TURN = 100

const id = (kind, length = 12) =>
  `${kind}_${Array.from(randomBytes(length), (byte) => "23456789abcdefghjkmnpqrstuvwxyz"[byte % 31]).join("")}`
const words = (count, from) =>
  Array.from({ length: count }, (_, index) => WORDS[(from + index) % WORDS.length]).join(" ")

/** One turn: a message, thoughts, calls with their output, an answer in deltas of a dozen words, and its end. */
function* turn(number) {
  const turnId = id("turn")
  const messageId = id("msg")
  yield { type: "user_message", messageId, text: `Question ${number}: ${words(12, number)}?` }
  yield { type: "turn_started", turnId, messageId, cause: "user" }
  for (let call = 0; call < 9; call++) {
    const thought = id("evt", 16)
    for (let n = 0; n < 3; n++)
      yield { type: "agent_thought_chunk", turnId, messageId: thought, text: `${words(8, call + n)} ` }
    const toolCallId = id("call")
    const command = `npm run check -- ${call}`
    yield {
      type: "tool_call",
      turnId,
      toolCallId,
      title: command,
      kind: "execute",
      status: "in_progress",
      locations: [],
      content: [],
      input: { command },
    }
    for (let n = 0; n < 3; n++)
      yield { type: "tool_call_update", turnId, toolCallId, appendOutput: `${words(10, n)}\n` }
    yield { type: "tool_call_update", turnId, toolCallId, status: "completed", exitCode: 0 }
  }
  const answer = id("evt", 16)
  const deltas = Array.from({ length: EVENTS_PER_TURN - 2 - 72 - 3 }, (_, n) =>
    n % 8 === 0 ? `\n\n## Part ${n / 8}\n\n- **${words(3, n)}**: ` : `${words(12, n)} `,
  )
  for (const text of deltas) yield { type: "agent_message_chunk", turnId, messageId: answer, text }
  yield { type: "agent_message", turnId, messageId: answer, text: deltas.join("") }
  yield { type: "usage", turnId, inputTokens: 1_000, outputTokens: 300, costUsd: 0.01 }
  yield { type: "turn_ended", turnId, stopReason: "end_turn" }
}

/** So many events of one session, stamped; whole turns, so there may be a few fewer. */
export function* transcript(count) {
  const stamp = (seq, event) => ({
    ...event,
    id: id("evt", 16),
    seq,
    epoch: 1,
    at: new Date(Date.UTC(2026, 0, 1) + seq * 50).toISOString(),
  })
  yield stamp(0, {
    type: "session_started",
    ...{ agentType: "demo", workingDir: "/", permissionMode: "ask", version: "0.1.0" },
    ...{ pid: 1, startTime: "1", bootId: "bench", host: "bench", incarnation: "bench" },
  })
  let seq = 1
  for (let number = 1; seq + EVENTS_PER_TURN <= count; number++)
    for (const event of turn(number)) yield stamp(seq++, event)
}
