/**
 * Messages on their way to a session. Each has an idempotency key from the first moment and is kept in local
 * storage until the server has taken it, so it is sent once, however often it is tried, from whichever tab.
 */
import { useSyncExternalStore } from "react"
import type { SendMode } from "#streams/command"
import type { MessageId, SessionId } from "#streams/ids"
import { type AgentApi, openApi } from "./api.ts"
import type { Attached } from "./attach.ts"
import { liveSession, onLive } from "./live.ts"
import { refusalOf } from "./refusal.ts"
import { readStored, writeStored } from "./stored.ts"

export interface Outgoing {
  readonly key: string
  readonly text: string
  readonly mode: SendMode
  readonly attached: readonly Attached[]
  /** `sent`: the server has it and the session has not shown it yet. `refused`: it will not be sent. */
  readonly state: "sending" | "waiting" | "sent" | "refused"
  readonly messageId: MessageId | null
  readonly problem: string | null
}

const keyOf = (sessionId: SessionId) => `agentz.outbox.${sessionId}`
const boxes = new Map<SessionId, readonly Outgoing[]>()
const listeners = new Set<() => void>()
const RETRY_MS = 2_000

let client: AgentApi | null = null
const api = () => {
  client ??= openApi(location.origin)
  return client
}

function box(sessionId: SessionId): readonly Outgoing[] {
  const known = boxes.get(sessionId)
  if (known) return known
  const loaded = parseBox(readStored(keyOf(sessionId)))
  boxes.set(sessionId, loaded)
  if (loaded.length > 0) setTimeout(() => void pump(sessionId))
  return loaded
}

/** What was stored, or nothing where it cannot be read. */
function parseBox(stored: string | null): Outgoing[] {
  try {
    const entries = JSON.parse(stored ?? "[]") as Partial<Outgoing>[]
    return entries.map(({ key = "", text = "", mode = "queue", attached = [] }) =>
      fresh({ key, text, mode, attached }),
    )
  } catch {
    return []
  }
}

const fresh = (message: Pick<Outgoing, "key" | "text" | "mode" | "attached">): Outgoing => ({
  ...message,
  state: "sending",
  messageId: null,
  problem: null,
})

function put(sessionId: SessionId, entries: readonly Outgoing[]): void {
  boxes.set(sessionId, entries)
  const unsent = entries.filter(({ state }) => state === "sending" || state === "waiting")
  writeStored(
    keyOf(sessionId),
    unsent.length === 0
      ? ""
      : JSON.stringify(unsent.map(({ key, text, mode, attached }) => ({ key, text, mode, attached }))),
  )
  for (const listener of listeners) listener()
}

const change = (sessionId: SessionId, key: string, fields: Partial<Outgoing>): void =>
  put(
    sessionId,
    box(sessionId).map((entry) => (entry.key === key ? { ...entry, ...fields } : entry)),
  )

export function sendMessage(
  sessionId: SessionId,
  message: Pick<Outgoing, "text" | "mode" | "attached">,
): void {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-")
  put(sessionId, [...box(sessionId), fresh({ key, ...message })])
  void pump(sessionId)
}

/** Takes a message out again and gives back its text. */
export function withdraw(sessionId: SessionId, key: string): string {
  const text = box(sessionId).find((entry) => entry.key === key)?.text ?? ""
  put(
    sessionId,
    box(sessionId).filter((entry) => entry.key !== key),
  )
  return text
}

const pumping = new Set<SessionId>()

/** Sends one message after the other, in order: a second one never overtakes a first that has to wait. */
async function pump(sessionId: SessionId): Promise<void> {
  if (pumping.has(sessionId)) return
  pumping.add(sessionId)
  for (let next = unsentOf(sessionId); next; next = unsentOf(sessionId))
    if (!(await attempt(sessionId, next))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  pumping.delete(sessionId)
}

const unsentOf = (sessionId: SessionId): Outgoing | undefined =>
  box(sessionId).find(({ state }) => state === "sending" || state === "waiting")

/** Whether the server answered, with a yes or a no. */
async function attempt(sessionId: SessionId, { key, text, mode, attached }: Outgoing): Promise<boolean> {
  try {
    const files = attached.length > 0 ? { attachments: attached } : {}
    const message = { sessionId, text, mode, idempotencyKey: key, ...files }
    const { messageId } = await api().sendMessage(message)
    change(sessionId, key, { state: "sent", messageId, problem: null })
    settle(sessionId)
    return true
  } catch (error) {
    const { kind, message } = refusalOf(error)
    const again = kind === "away" || kind === "signed-out"
    change(sessionId, key, { state: again ? "waiting" : "refused", problem: message })
    return !again
  }
}

/** What the session itself shows needs no stand-in any more. */
function settle(sessionId: SessionId): void {
  const entries = box(sessionId)
  if (!entries.some(({ messageId }) => messageId !== null)) return
  const { items } = liveSession(sessionId)
  const rest = entries.filter(
    ({ messageId }) => messageId === null || !items.some(({ key }) => key === messageId),
  )
  if (rest.length !== entries.length) put(sessionId, rest)
}

onLive(() => {
  for (const sessionId of boxes.keys()) settle(sessionId)
})

export function useOutbox(sessionId: SessionId): readonly Outgoing[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => box(sessionId),
  )
}
