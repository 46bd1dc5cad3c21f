/** A session read up to a place of the stream that tells it, and the reading on from there. */
import { setImmediate } from "node:timers/promises"
import { parseEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import type { RegistryEntry } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { type Batch, readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"

/** Which stream tells a session, and which one of that name: an archived session comes back in another one. */
export interface Source {
  readonly stream: string
  /** The epoch under which it was last archived or brought back; 0: never. */
  readonly copy: number
}

export interface SessionAt {
  readonly source: Source
  readonly value: Session
  /** Where to read on. */
  readonly offset: string
  /** The newest event that was read, and where a window begins that has it; `null` before the first. */
  readonly mark: Mark | null
}

export interface Mark {
  readonly from: string
  readonly id: string
}

export const sourceOf = (sessionId: SessionId, entry: RegistryEntry | undefined): Source => ({
  stream: entry?.archive?.stream ?? paths.events(sessionId),
  copy: entry?.archive?.epoch ?? 0,
})

export const isSameSource = (one: Source, other: Source): boolean =>
  one.stream === other.stream && one.copy === other.copy

export const unread = (sessionId: SessionId, source: Source): SessionAt => ({
  source,
  value: emptySession(sessionId),
  offset: START,
  mark: null,
})

/** The session as of the tail at the time of the call. */
export async function readOn(
  endpoint: FindEndpoint,
  known: SessionAt,
  patience: Patience,
): Promise<SessionAt> {
  let at = known
  for await (const step of readingOn(endpoint, known, patience)) at = step.at
  return at
}

/** The same step by step. A window is thousands of events: others are served between the steps. */
export async function* readingOn(
  endpoint: FindEndpoint,
  known: SessionAt,
  patience: Patience,
): AsyncGenerator<{ readonly at: SessionAt; readonly upToDate: boolean }> {
  let at = known
  const { stream } = known.source
  for await (const batch of readToTail(endpoint, stream, { ...patience, offset: known.offset })) {
    at = await taken(at, batch, at.offset)
    yield { at, upToDate: batch.upToDate }
  }
}

/**
 * What was kept of a session and read on by one window, where its stream still has the event that was read last; `null`
 * where it does not: then it is another stream, or one that was put back to an earlier state, and what was kept says nothing.
 */
export async function foundAgain(
  endpoint: FindEndpoint,
  kept: SessionAt,
  patience: Patience,
): Promise<SessionAt | null> {
  const { mark, source } = kept
  if (mark === null) return null
  try {
    for await (const batch of readToTail(endpoint, source.stream, { ...patience, offset: mark.from })) {
      // The first one of its repeats: what stands between them and was read already is known by its `seq`.
      const index = batch.items.findIndex((item) => idOf(item) === mark.id)
      if (index < 0) return null
      return await taken(kept, { ...batch, items: batch.items.slice(index + 1) }, mark.from)
    }
  } catch (error) {
    // A place that this stream does not have.
    if (!(error instanceof StreamError) || error.code !== "refused") throw error
  }
  return null
}

async function taken(at: SessionAt, { items, offset }: Batch, from: string): Promise<SessionAt> {
  await setImmediate()
  const events = items.map(parseEvent).filter((event) => event !== null)
  await setImmediate()
  const id = items.map(idOf).findLast((each) => each !== undefined)
  return {
    source: at.source,
    value: foldSession(at.value, events),
    offset,
    mark: id === undefined ? at.mark : { from, id },
  }
}

const idOf = (item: unknown): string | undefined => {
  const id: unknown = typeof item === "object" && item !== null ? Reflect.get(item, "id") : undefined
  return typeof id === "string" ? id : undefined
}
