/**
 * Procedures that the server may lack: the page may be newer than it, since a tab stays open over an update. Each
 * answers `null` where the server does not know it, and the page goes without.
 */
import { createTRPCUntypedClient, httpLink } from "@trpc/client"
import type { SessionId } from "#streams/ids"
import { refusalOf } from "./refusal.ts"

export interface Rule {
  readonly ruleId: string
  readonly scope: "session" | "directory"
  readonly sessionId?: string
  readonly workingDir?: string
  readonly agentType: string
  readonly kind: string
  readonly match: unknown
  readonly decision: string
  readonly createdAt: string
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
  rules: () => query<readonly Rule[]>("rules"),
  revokeRule: (ruleId: string) => mutate<object>("revokeRule", { ruleId }),
  rename: (sessionId: SessionId, title: string) => mutate<object>("rename", { sessionId, title }),
  archive: (sessionId: SessionId, archived: boolean) => mutate<object>("archive", { sessionId, archived }),
  setConfigOption: (sessionId: SessionId, optionId: string, value: string) =>
    mutate<object>("setConfigOption", { sessionId, optionId, value }),
}
