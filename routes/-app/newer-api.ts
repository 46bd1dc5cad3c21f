/**
 * Procedures that the server may lack: a tab stays open over a change of the server. Each answers `null` where the
 * server does not know it, and the page goes without.
 */
import { createTRPCUntypedClient, httpLink } from "@trpc/client"
import type { MessageId, SessionId } from "#streams/ids"
import { refusalOf } from "./refusal.ts"

let client: ReturnType<typeof createTRPCUntypedClient> | null = null

const LACKS = new Set(["unknown_procedure", "not_found"])

async function mutate<Answer extends object>(name: string, input: unknown): Promise<Answer | null> {
  client ??= createTRPCUntypedClient({ links: [httpLink({ url: `${location.origin}/trpc` })] })
  try {
    return (await client.mutation(`agent.${name}`, input)) as Answer
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.reason !== null && LACKS.has(refusal.reason)) return null
    throw refusal
  }
}

export const newerApi = {
  rename: (sessionId: SessionId, title: string) => mutate("rename", { sessionId, title }),
  archive: (sessionId: SessionId) => mutate("archive", { sessionId }),
  unarchive: (sessionId: SessionId) => mutate("unarchive", { sessionId }),
  withdraw: (sessionId: SessionId, messageId: MessageId) => mutate("withdraw", { sessionId, messageId }),
  /** Adds a piece of a file, in base64, to an upload; the first piece begins one. */
  attach: (data: string, uploadId: string | null) =>
    mutate<{ readonly uploadId: string }>("attach", { data, ...(uploadId !== null && { uploadId }) }),
}

/** What a person reads where an act came to nothing; `null` where it was done. */
export async function problemOf(act: Promise<object | null>, lacking: string): Promise<string | null> {
  try {
    return (await act) === null ? lacking : null
  } catch (error) {
    return refusalOf(error).message
  }
}
