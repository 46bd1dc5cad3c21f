/** Sessions in every state, with a past that shows everything a transcript can hold. */
import { newEventId, newMessageId, newRequestId, newTurnId } from "../../streams/ids.ts"
import type { FakeSession } from "./fake-session.ts"
import type { FakePlane } from "./ui-plane.ts"

const MINUTE = 60_000
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString()

const ANSWER = `I traced the flake to the **retry timer** in \`streams/follow.ts\`.

1. The timer was started *before* the socket closed.
2. A second attempt could overlap the first.

\`\`\`ts
export const delay = (failures: number) =>
  Math.min(LONGEST, FIRST * 2 ** failures)
\`\`\`

| case | before | after |
|---|---|---|
| restart | 3 lost | 0 lost |
| sleep | 1 twice | 0 twice |

See [the protocol](https://example.com/protocol), and <b>not this</b> or [that](javascript:alert(1)). ![tracker](https://example.com/pixel.png)
`

const OUTPUT =
  "\u001b[32m✓\u001b[0m follow.test.ts (12)\n\u001b[31m✗\u001b[0m engine.test.ts (3)\nprogress 10%\rprogress 55%\rprogress 100%\n" +
  "\u001b[1mTests\u001b[22m  14 passed, \u001b[31m1 failed\u001b[0m\n"

const OLD =
  "const FIRST = 100\nconst LONGEST = 8000\n\nexport function delay(failures) {\n  return FIRST * failures\n}\n"
const NEW =
  "const FIRST = 250\nconst LONGEST = 8000\n\n/** Doubles with each failure. */\nexport function delay(failures) {\n  return Math.min(LONGEST, FIRST * 2 ** failures)\n}\n"

/** A whole turn, as it was told. */
function tellTurn(session: FakeSession, text: string, end: "end_turn" | "error" | "open" = "end_turn"): void {
  const turnId = newTurnId()
  const messageId = newMessageId()
  session.say({ type: "user_message", messageId, text }, 1_000)
  session.say({ type: "turn_started", turnId, messageId, cause: "user" }, 100)
  const thought = newEventId()
  session.say(
    {
      type: "agent_thought_chunk",
      turnId,
      messageId: thought,
      text: "The failure is about time.\nI should look at how the follower waits before it guesses.",
    },
    2_000,
  )
  session.say(
    {
      type: "plan",
      turnId,
      entries: [
        { content: "Reproduce the flake", priority: "high", status: "completed" },
        {
          content: "Fix the retry timer",
          priority: "high",
          status: end === "open" ? "in_progress" : "completed",
        },
        {
          content: "Run the suite ten times",
          priority: "medium",
          status: end === "open" ? "pending" : "completed",
        },
      ],
    },
    500,
  )
  const read = newEventId()
  session.say(
    {
      type: "tool_call",
      turnId,
      toolCallId: read,
      title: "streams/follow.ts",
      kind: "read",
      status: "completed",
      locations: [{ path: "streams/follow.ts", line: 40 }],
      input: { path: "streams/follow.ts" },
      content: [{ type: "text", text: OLD }],
    },
    1_500,
  )
  const edit = newEventId()
  session.say(
    {
      type: "tool_call",
      turnId,
      toolCallId: edit,
      title: "Edit streams/follow.ts",
      kind: "edit",
      status: "completed",
      locations: [],
      input: { path: "streams/follow.ts" },
      content: [{ type: "diff", path: "streams/follow.ts", oldText: OLD, newText: NEW }],
    },
    1_500,
  )
  const run = newEventId()
  session.say(
    {
      type: "tool_call",
      turnId,
      toolCallId: run,
      title: "npx vitest run streams",
      kind: "execute",
      status: end === "open" ? "in_progress" : "failed",
      locations: [],
      input: { command: "npx vitest run streams" },
      content: [],
      output: OUTPUT,
    },
    4_000,
  )
  if (end === "open") return
  const answer = newEventId()
  session.say({ type: "agent_message", turnId, messageId: answer, text: ANSWER }, 3_000)
  session.say({ type: "usage", turnId, inputTokens: 18_240, outputTokens: 2_310, costUsd: 0.0831 }, 100)
  if (end === "error") {
    const error = {
      code: "rate_limited",
      message: "The model's server said: too many requests.",
      hint: "Wait a minute and send the message again.",
    }
    session.say({ type: "notice", severity: "warning", category: "retry", title: "Tried 5 times" }, 500)
    session.say({ type: "turn_ended", turnId, stopReason: "error", error }, 500)
  } else session.say({ type: "turn_ended", turnId, stopReason: "end_turn" }, 100)
}

function tellRequest(session: FakeSession): void {
  const { turnId } = session.session
  if (turnId === null) return
  const decisions: ("allow" | "allow_always" | "deny")[] = ["allow", "allow_always", "deny"]
  session.say(
    {
      type: "permission_request",
      turnId,
      requestId: newRequestId(),
      toolCallId: newEventId(),
      title: "Edit package.json",
      kind: "edit",
      input: { path: "package.json" },
      inputHash: "0",
      content: [
        {
          type: "diff",
          path: "package.json",
          oldText: '{\n  "name": "demo"\n}\n',
          newText: '{\n  "name": "demo",\n  "private": true\n}\n',
        },
      ],
      decisions,
    },
    1_000,
  )
}

/** A session of many short turns. */
export function tellLong(plane: FakePlane, turns: number): string {
  const session = plane.add({ title: "A long conversation", createdAt: ago(2_000) })
  session.start(500)
  for (let turn = 1; turn <= turns; turn++) {
    const turnId = newTurnId()
    const messageId = newMessageId()
    session.say({ type: "user_message", messageId, text: `question ${turn}` }, 100)
    session.say({ type: "turn_started", turnId, messageId, cause: "user" }, 100)
    session.say({ type: "agent_message", turnId, messageId: newEventId(), text: `Answer **${turn}**.` }, 900)
    session.say({ type: "turn_ended", turnId, stopReason: "end_turn" }, 10)
  }
  return session.row.sessionId
}

/** One session per state. */
export function tellHistory(
  plane: FakePlane,
): Record<"done" | "failed" | "waiting" | "interrupted", FakeSession> {
  const tell = (title: string, minutes: number, row: { agentType?: string; workingDir?: string } = {}) => {
    const session = plane.add({ title, createdAt: ago(minutes), ...row })
    session.start(500)
    return session
  }
  const done = tell("Fix the flaky follower test", 240)
  tellTurn(done, "The follower test fails one run in ten. Find out why and fix it.")
  tellTurn(done, "Now tell me what you changed.")
  const failed = tell("Summarise the changelog", 90, { agentType: "cerebras", workingDir: "/srv/site/docs" })
  tellTurn(failed, "Summarise the changelog for readers.", "error")
  const interrupted = tell("Port the store to SQLite", 60, {
    agentType: "codex",
    workingDir: "/home/ada/code/store",
  })
  tellTurn(interrupted, "Port the store to SQLite.", "open")
  tellRequest(interrupted)
  const error = { code: "daemon_lost", message: "The daemon was killed.", hint: "Resume to go on." }
  interrupted.say({ type: "session_interrupted", error }, 1_000)
  const waiting = tell("Add a private flag to the package", 12, { agentType: "claude-code" })
  tellTurn(waiting, "Mark the package as private.", "open")
  tellRequest(waiting)
  const running = tell("Write the release notes", 3, { workingDir: "/home/ada/code/site" })
  tellTurn(running, "Write the release notes for 0.2.", "open")
  const cancelled = tell("Rename everything", 600)
  const turnId = newTurnId()
  cancelled.say({ type: "turn_started", turnId, cause: "user" }, 100)
  cancelled.say({ type: "turn_ended", turnId, stopReason: "cancelled" }, 2_000)
  for (let index = 1; index <= 12; index++) {
    const session = tell(`Bump dependency ${index}`, 700 + index * 90, { workingDir: "/home/ada/code/site" })
    const id = newTurnId()
    const messageId = newMessageId()
    session.say({ type: "user_message", messageId, text: `Bump dependency ${index}` }, 100)
    session.say({ type: "turn_started", turnId: id, messageId, cause: "user" }, 100)
    session.say(
      { type: "agent_message", turnId: id, messageId: newEventId(), text: "Bumped, and the suite passes." },
      9_000,
    )
    session.say({ type: "usage", turnId: id, inputTokens: 900 * index, outputTokens: 120 }, 10)
    session.say({ type: "turn_ended", turnId: id, stopReason: "end_turn" }, 10)
  }
  return { done, failed, waiting, interrupted }
}
