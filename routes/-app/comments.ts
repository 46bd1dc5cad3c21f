/** What a person says of lines of a diff, gathered until it is put into a message. Lives as long as the page. */
import { useSyncExternalStore } from "react"
import type { SessionId } from "#streams/ids"

/** Lines of one side of a diff: `old` before the change, `new` after it. */
export interface LineRange {
  readonly path: string
  readonly side: "old" | "new"
  readonly from: number
  readonly to: number
}

export interface LineComment extends LineRange {
  readonly id: number
  /** What is on those lines. */
  readonly quote: readonly string[]
  readonly text: string
}

const none: readonly LineComment[] = []
const kept = new Map<SessionId, readonly LineComment[]>()
const listeners = new Set<() => void>()
let nextId = 1

const set = (sessionId: SessionId, comments: readonly LineComment[]) => {
  kept.set(sessionId, comments)
  for (const listener of listeners) listener()
}

export const addComment = (sessionId: SessionId, comment: Omit<LineComment, "id">): void =>
  set(sessionId, [...(kept.get(sessionId) ?? none), { ...comment, id: nextId++ }])

export const removeComment = (sessionId: SessionId, id: number): void =>
  set(
    sessionId,
    (kept.get(sessionId) ?? none).filter((comment) => comment.id !== id),
  )

export const clearComments = (sessionId: SessionId): void => set(sessionId, none)

export const useComments = (sessionId: SessionId): readonly LineComment[] =>
  useSyncExternalStore(subscribe, () => kept.get(sessionId) ?? none)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const placeText = ({ path, side, from, to }: LineRange): string =>
  `${path}:${from === to ? from : `${from}-${to}`}${side === "old" ? " (before the change)" : ""}`

// More of a file than this an agent reads by itself.
const MOST_QUOTED = 12

/** What the agent reads: each place with its lines and what is said of them. */
export const messageOf = (comments: readonly Omit<LineComment, "id">[]): string =>
  comments
    .map((comment) => {
      const shown = comment.quote.slice(0, MOST_QUOTED)
      const rest = comment.quote.length - shown.length
      const quote = [...shown, ...(rest > 0 ? [`… ${rest} more lines`] : [])].map((line) =>
        `> ${line}`.trimEnd(),
      )
      return [placeText(comment), ...quote, "", comment.text].join("\n")
    })
    .join("\n\n")
