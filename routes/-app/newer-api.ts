/**
 * Procedures that the server may lack: the page may be newer than it, since a tab stays open over an update. Each
 * answers `null` where the server does not know it, and the page goes without.
 */
import { createTRPCUntypedClient, httpLink } from "@trpc/client"
import type { PermissionMode } from "#streams/event"
import type { MessageId, SessionId } from "#streams/ids"
import { refusalOf } from "./refusal.ts"

export interface Rule {
  readonly ruleId: string
  readonly scope: "session" | "directory"
  readonly sessionId: string
  readonly workingDir: string
  readonly agentType: string
  readonly decision: string
  readonly createdAt: string
  /** What it allows or refuses, in words. */
  readonly description: string
}

let client: ReturnType<typeof createTRPCUntypedClient> | null = null
const open = () => {
  client ??= createTRPCUntypedClient({ links: [httpLink({ url: `${location.origin}/trpc` })] })
  return client
}

const LACKS = new Set(["unknown_procedure", "not_found", "method_not_allowed"])

async function orNull<Answer>(call: Promise<unknown>): Promise<Answer | null> {
  try {
    return (await call) as Answer
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.reason !== null && LACKS.has(refusal.reason)) return null
    throw refusal
  }
}

const query = <Answer>(name: string, input?: unknown) => orNull<Answer>(open().query(`agent.${name}`, input))
const mutate = <Answer>(name: string, input: unknown) =>
  orNull<Answer>(open().mutation(`agent.${name}`, input))

export const newerApi = {
  rules: async () => (await query<{ readonly rules: readonly Rule[] }>("rules"))?.rules ?? null,
  revokeRule: (ruleId: string) => mutate<object>("revokeRule", { ruleId }),
  rename: (sessionId: SessionId, title: string) => mutate<object>("rename", { sessionId, title }),
  archive: (sessionId: SessionId) => mutate<object>("archive", { sessionId }),
  unarchive: (sessionId: SessionId) => mutate<object>("unarchive", { sessionId }),
  withdraw: (sessionId: SessionId, messageId: MessageId) =>
    mutate<object>("withdraw", { sessionId, messageId }),
  setMode: (sessionId: SessionId, mode: PermissionMode) =>
    mutate<{ readonly warning?: string }>("setMode", { sessionId, mode }),
  setConfigOption: (sessionId: SessionId, optionId: string, value: string) =>
    mutate<object>("setConfigOption", { sessionId, optionId, value }),
}

/** What a person reads where an act came to nothing; `null` where it was done. */
export async function problemOf(act: Promise<object | null>, lacking: string): Promise<string | null> {
  try {
    return (await act) === null ? lacking : null
  } catch (error) {
    return refusalOf(error).message
  }
}
