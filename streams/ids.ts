/**
 * Ids are short, typeable and prefixed by kind, so a log line shows what a thing is.
 * All match `^[a-z0-9][a-z0-9_-]{0,63}$`, which also makes them safe in paths and stream names.
 */
import { z } from "zod"

const id = <Prefix extends string>(prefix: Prefix) =>
  z
    .string()
    .max(64)
    .regex(
      new RegExp(`^${prefix}_[a-z0-9][a-z0-9_-]*$`),
      `must look like ${prefix}_… (small letters, digits, - and _)`,
    )

export const SessionId = id("ses").brand<"SessionId">()
export type SessionId = z.infer<typeof SessionId>

export const MessageId = id("msg").brand<"MessageId">()
export type MessageId = z.infer<typeof MessageId>

export const TurnId = id("turn").brand<"TurnId">()
export type TurnId = z.infer<typeof TurnId>

export const RequestId = id("req").brand<"RequestId">()
export type RequestId = z.infer<typeof RequestId>

export const RuleId = id("rul").brand<"RuleId">()
export type RuleId = z.infer<typeof RuleId>

export const UploadId = id("upl").brand<"UploadId">()
export type UploadId = z.infer<typeof UploadId>

/** A token of MCP, by the name that is not secret. */
export const TokenId = id("tok").brand<"TokenId">()
export type TokenId = z.infer<typeof TokenId>

export const RunId = id("run").brand<"RunId">()
export type RunId = z.infer<typeof RunId>

export const CommandId = id("cmd").brand<"CommandId">()
export type CommandId = z.infer<typeof CommandId>

export const ScheduleId = id("sch").brand<"ScheduleId">()
export type ScheduleId = z.infer<typeof ScheduleId>

export const WebhookId = id("hook").brand<"WebhookId">()
export type WebhookId = z.infer<typeof WebhookId>

// Without 0/o, 1/l/i: an id is sometimes read aloud and typed.
const LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"

const letters = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("")

const random = (length: number): string => letters(crypto.getRandomValues(new Uint8Array(length)))

export const newSessionId = (): SessionId => SessionId.parse(`ses_${random(10)}`)
export const newMessageId = (): MessageId => MessageId.parse(`msg_${random(12)}`)
export const newTurnId = (): TurnId => TurnId.parse(`turn_${random(12)}`)
export const newRequestId = (): RequestId => RequestId.parse(`req_${random(12)}`)
export const newUploadId = (): UploadId => UploadId.parse(`upl_${random(16)}`)
export const newTokenId = (): TokenId => TokenId.parse(`tok_${random(10)}`)
export const newRunId = (): RunId => RunId.parse(`run_${random(10)}`)
export const newCommandId = (): CommandId => CommandId.parse(`cmd_${random(12)}`)
export const newScheduleId = (): ScheduleId => ScheduleId.parse(`sch_${random(10)}`)
export const newWebhookId = (): WebhookId => WebhookId.parse(`hook_${random(16)}`)
export const newEventId = (): string => `evt_${random(16)}`

/** The same key always names the same session, so a repeated `spawn` finds the first one. */
export async function sessionIdOf(idempotencyKey: string): Promise<SessionId> {
  return SessionId.parse(`ses_${await digestOf(idempotencyKey, 20)}`)
}

/** The same key always names the same message, so a repeated `sendMessage` is taken once. */
export async function messageIdOf(sessionId: SessionId, idempotencyKey: string): Promise<MessageId> {
  return MessageId.parse(`msg_${await digestOf(`${sessionId} ${idempotencyKey}`, 20)}`)
}

/** The same key always names the same run, so a repeated start finds the first one. */
export async function runIdOf(idempotencyKey: string): Promise<RunId> {
  return RunId.parse(`run_${await digestOf(idempotencyKey, 20)}`)
}

/** The same key always names the same command, so a repeated one is done once. */
export async function commandIdOf(runId: RunId, idempotencyKey: string): Promise<CommandId> {
  return CommandId.parse(`cmd_${await digestOf(`${runId} ${idempotencyKey}`, 20)}`)
}

/** One answer makes one rule, however often it is sent. */
export async function ruleIdOf(sessionId: SessionId, requestId: RequestId): Promise<RuleId> {
  return RuleId.parse(`rul_${await digestOf(`${sessionId} ${requestId}`, 10)}`)
}

async function digestOf(text: string, length: number): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
  return letters(new Uint8Array(digest).slice(0, length))
}
