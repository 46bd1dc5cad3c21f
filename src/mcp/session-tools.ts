/** Sessions, as a model starts, follows and steers them. */
import { z } from "zod"
import { SendMode } from "#streams/command"
import { PermissionMode } from "#streams/event"
import { MessageId, SessionId } from "#streams/ids"
import { STATUSES } from "#streams/session"
import { Problem } from "../problem.ts"
import { checkedPrompt } from "../prompt.ts"
import { allowedMode, maySee } from "./caller.ts"
import { SessionTold, sessionTold } from "./session-told.ts"
import { type Seen, seeSession, waitForSession } from "./settling.ts"
import { type Call, defineTool, keyFor, ToldKey, type Tool, WaitSeconds } from "./tool.ts"

const Prompt = z.string().transform(checkedPrompt)
const Line = z.string().min(1).max(200)
const One = z.strictObject({ sessionId: SessionId })

const spawn = defineTool({
  name: "session_spawn",
  title: "Start a session",
  description:
    "Starts a coding agent in a session of its own and returns at once. Keep the sessionId: it stays good whatever " +
    "restarts, and the agent works on whether or not you wait. Then call session_wait.",
  area: "sessions",
  writes: true,
  input: z.strictObject({
    agent: z.string().min(1).max(64).describe("which agent, such as claude, codex, opencode or demo"),
    prompt: Prompt.describe("what it should do; it knows nothing else of what you know"),
    workingDir: z.string().min(1).max(4096).optional().describe("whole path of the directory it works in"),
    worktree: z
      .boolean()
      .optional()
      .describe("true: in a git work tree and branch of its own, so that it is in nobody's way"),
    model: Line.optional(),
    title: Line.optional(),
    mode: PermissionMode.optional().describe("what it may do without asking a person; left out: ask"),
    idempotencyKey: ToldKey.optional(),
  }),
  output: z.object({ sessionId: z.string(), warning: z.string().optional() }),
  run: async ({ agent, idempotencyKey, mode, worktree, ...request }, { plane, caller }) =>
    plane.spawn({
      ...request,
      ...(worktree === true && { workspace: { kind: "worktree" } }),
      agentType: agent,
      permissionMode: allowedMode(caller.scope.mode, mode),
      within: caller.scope.workingDir ?? undefined,
      ...(caller.id !== null && { startedBy: caller.id }),
      idempotencyKey: keyFor(caller, idempotencyKey),
    }),
})

const send = defineTool({
  name: "session_send",
  title: "Say something to a session",
  description:
    "Says something to a session, and wakes it where it sleeps. Returns at once, with a messageId for session_wait. " +
    "While a turn runs: queue waits for its end, steer says it into the turn, interrupt ends the turn first.",
  area: "sessions",
  writes: true,
  input: One.extend({ text: Prompt, mode: SendMode.optional(), idempotencyKey: ToldKey.optional() }),
  output: z.object({ sessionId: z.string(), messageId: z.string() }),
  async run({ sessionId, ...message }, call) {
    await seen(call, sessionId)
    const { messageId } = await call.plane.sendMessage({ sessionId, ...message })
    return { sessionId, messageId }
  },
})

const status = defineTool({
  name: "session_status",
  title: "See how a session stands",
  description: "Tells at once how a session stands, what its agent said last and what it waits for.",
  area: "sessions",
  writes: false,
  input: One,
  output: SessionTold,
  async run({ sessionId }, call) {
    const { session, offset } = await seen(call, sessionId)
    return sessionTold(session, { offset })
  },
})

const wait = defineTool({
  name: "session_wait",
  title: "Wait for a session",
  description:
    "Waits until a session is settled: its turn is over, or a person has to answer a question. When the time is over " +
    "first, settled is false: call it again, nothing is lost.",
  area: "sessions",
  writes: false,
  input: One.extend({
    messageId: MessageId.optional().describe("from session_send: wait until that message has had its turn"),
    waitSeconds: WaitSeconds.default(25),
  }),
  output: SessionTold,
  async run({ sessionId, messageId, waitSeconds }, call) {
    await seen(call, sessionId)
    const options = { ms: waitSeconds * 1000, signal: call.signal, messageId }
    const { session, offset } = await waitForSession(call.plane, sessionId, options)
    return sessionTold(session, { offset, messageId })
  },
})

const cancel = defineTool({
  name: "session_cancel",
  title: "Cancel a session's turn",
  description: "Ends the running turn of a session. What it did stays; session_send begins another turn.",
  area: "sessions",
  writes: true,
  destructive: true,
  input: One,
  output: z.object({ sessionId: z.string(), status: z.enum(STATUSES) }),
  async run({ sessionId }, call) {
    await seen(call, sessionId)
    return await call.plane.cancel(sessionId)
  },
})

export const sessionTools: readonly Tool[] = [spawn, send, status, wait, cancel]

/** The session, unless the caller may not see it: then there is none, as far as it is told. */
async function seen({ plane, caller }: Call, sessionId: SessionId): Promise<Seen> {
  const found = await seeSession(plane, sessionId)
  if (maySee(caller, found.session.startedBy)) return found
  throw new Problem("unknown_session", `There is no session ${sessionId} that you may see.`)
}
