/** What an agent without a memory of its own reads in the transcript: one conversation, turn by turn. */
import type { Item, ItemOf } from "#streams/session"

export interface Conversation {
  /** All before the message that is being answered. */
  readonly before: readonly Item[]
  readonly prompt: string
  /** What was done about it already: nothing, unless the turn was interrupted. */
  readonly since: readonly Item[]
}

/** Messages that wait in the queue are not part of the conversation yet. */
const isAsked = (item: Item): item is ItemOf<"user"> => item.type === "user" && item.turnId !== null
/** A turn begins with it, rather than that it was said into one. */
const beginsTurn = (item: Item) => isAsked(item) && item.steered !== true

/**
 * Finds the message to be answered. On `resume` it is the last one of the transcript; otherwise it is `text`,
 * which the transcript holds at its end, or not yet.
 */
export function conversationOf(items: readonly Item[], text: string, resume: boolean): Conversation {
  const at = items.findLastIndex(beginsTurn)
  const last = items[at]
  if (last?.type === "user") {
    const since = items.slice(at + 1)
    if (resume) return { before: items.slice(0, at), prompt: last.text, since }
    if (last.text === text && !since.some(isSaidOrDone))
      return { before: items.slice(0, at), prompt: text, since: [] }
  }
  return { before: items, prompt: text, since: [] }
}

const isSaidOrDone = ({ type }: Item): boolean =>
  type !== "notice" && type !== "note" && type !== "user" && type !== "permission"

export const earlierMessages = ({ before }: Conversation): readonly string[] =>
  before.filter(isAsked).map(({ text }) => text)

/** What became of a call of which only the transcript tells. */
export type CallState = "done" | "denied" | "not run" | "unknown"

/**
 * `not run`: it waited for a permission when it was cut off. `unknown`: it was running. Never take one for the
 * other: what was running may have happened.
 */
export function stateOf(call: ItemOf<"tool">, permissions: Permissions): CallState {
  const asked = permissions.get(call.toolCallId)
  const open = call.interrupted || call.status === "pending" || call.status === "in_progress"
  if (!open) return asked?.decision === "deny" || call.ruling?.decision === "deny" ? "denied" : "done"
  if (!asked) return "unknown"
  return asked.decision === "allow" || asked.decision === "allow_always" ? "unknown" : "not run"
}

/** By the call they were asked for. */
export type Permissions = ReadonlyMap<string, ItemOf<"permission">>

export const permissionsOf = (items: readonly Item[]): Permissions =>
  new Map(
    items.flatMap((item) => (item.type === "permission" ? [[item.request.toolCallId, item] as const] : [])),
  )
