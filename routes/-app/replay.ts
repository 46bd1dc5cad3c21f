/** A whole session as it was at any of its moments: its events, and the fold of them up to one. Pure. */
import { parseEvent, type SessionEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"

/** An event as the stream has it, whether its type is known here or not. */
export type RawEvent = Readonly<Record<string, unknown>>

export interface Replay {
  /** Takes what comes next in the stream. */
  add(items: readonly unknown[]): void
  readonly raw: readonly RawEvent[]
  readonly events: readonly SessionEvent[]
  /** The session after its event `seq`; after all of them where that is higher. */
  at(seq: number): Session
}

// A fold from the nearest mark costs a few milliseconds at most.
const MARK_EVERY = 1_000

export function openReplay(sessionId: SessionId): Replay {
  const raw: RawEvent[] = []
  const events: SessionEvent[] = []
  const marks: { readonly index: number; readonly session: Session }[] = [
    { index: 0, session: emptySession(sessionId) },
  ]
  return {
    raw,
    events,
    add(items) {
      for (const item of items) {
        if (typeof item === "object" && item !== null) raw.push(item as RawEvent)
        const event = parseEvent(item)
        if (event) events.push(event)
      }
      for (let last = marks.at(-1); last && events.length - last.index >= MARK_EVERY; last = marks.at(-1)) {
        const index = last.index + MARK_EVERY
        marks.push({ index, session: foldSession(last.session, events.slice(last.index, index)) })
      }
    },
    at(seq) {
      const mark = marks.findLast(({ session }) => session.seq <= seq) ?? marks[0]
      if (!mark) return emptySession(sessionId)
      const rest = events.slice(mark.index)
      // What comes with a lower `seq` behind a higher one is a repeat, and the fold knows it.
      const end = rest.findIndex((event) => event.seq > seq)
      return foldSession(mark.session, end < 0 ? rest : rest.slice(0, end))
    },
  }
}
