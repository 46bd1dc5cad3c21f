/** How a session is told to a model: how it stands, what its agent said last, and what it waits for. */
import { z } from "zod"
import type { MessageId } from "#streams/ids"
import { needsDaemon, type Session, STATUSES } from "#streams/session"

/** What of an answer fits into another model's context. */
const ANSWER_LENGTH = 24_000

export const SessionTold = z.object({
  sessionId: z.string(),
  title: z.string(),
  agent: z.string().nullable(),
  workingDir: z.string().nullable(),
  status: z.enum(STATUSES),
  settled: z.boolean().describe("nothing more happens unless somebody does something"),
  answer: z.string().nullable().describe("what its agent said last"),
  answerCut: z.boolean().describe("the beginning of the answer is left out, since it is long"),
  questions: z
    .array(z.object({ requestId: z.string(), title: z.string() }))
    .describe("what a person has to allow or refuse before it goes on"),
  queued: z.number().describe("messages that wait for their turn"),
  turns: z.number(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  costUsd: z.number().nullable(),
  offset: z.string().describe("how far its log was read"),
})

export function sessionTold(
  session: Session & { readonly title: string },
  { offset, messageId }: { readonly offset: string; readonly messageId?: MessageId | undefined },
): z.input<typeof SessionTold> {
  const { sessionId, title, agentType, workingDir, status, approvals, queue, turns, error, usage } = session
  const answer = session.items.findLast((item) => item.type === "message")?.text ?? null
  return {
    sessionId,
    title,
    agent: agentType,
    workingDir,
    status,
    settled: isSettled(session, messageId),
    answer: answer?.slice(-ANSWER_LENGTH) ?? null,
    answerCut: (answer?.length ?? 0) > ANSWER_LENGTH,
    questions: approvals.map((request) => ({ requestId: request.requestId, title: request.title })),
    queued: queue.length,
    turns,
    error: error && { code: error.code, message: error.message, ...(error.hint && { hint: error.hint }) },
    costUsd: usage.costUsd,
    offset,
  }
}

/**
 * Whether it is at rest, or waits for a person. With a message: and that one has had its turn, or was taken back; a
 * session that was not told of it yet may be at rest as well.
 */
export function isSettled(session: Session, messageId?: MessageId): boolean {
  const { status, queue, taken } = session
  if (messageId !== undefined && !taken.includes(messageId)) return false
  return status === "waiting" || (!needsDaemon(status) && !(status === "completed" && queue.length > 0))
}
