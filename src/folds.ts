/**
 * What the streams say, as of their tails. Folds are kept between calls so that a second look reads only what is
 * new; they can be thrown away at any time.
 */
import { setImmediate } from "node:timers/promises"
import { parseEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptyRegistry, foldRegistry, type Registry } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import { latelyUsed } from "./lately-used.ts"
import { oneAtATime } from "./one-at-a-time.ts"

export interface Folded<Value> {
  readonly value: Value
  readonly offset: string
}

interface FoldedSession extends Folded<Session> {
  /** The stream that was read. */
  readonly stream: string
}

export interface Folds {
  registry(): Promise<Folded<Registry>>
  /** The stream that holds what happened in the session: its events, or its archive. */
  streamOf(sessionId: SessionId): Promise<string>
  session(sessionId: SessionId): Promise<Folded<Session>>
}

/** Sessions whose fold is kept. */
const KEPT = 32

export function foldsOf(endpoint: FindEndpoint, patience: Patience): Folds {
  const kept = latelyUsed<SessionId, () => Promise<FoldedSession>>(KEPT)
  const registry = foldOf(endpoint, paths.registry, { patience, empty: emptyRegistry, fold: foldRegistry })
  const streamOf = async (sessionId: SessionId) =>
    (await registry()).value.get(sessionId)?.archive?.stream ?? paths.events(sessionId)

  async function readSession(sessionId: SessionId, last: FoldedSession): Promise<FoldedSession> {
    const stream = await streamOf(sessionId)
    let { value, offset } = last.stream === stream ? last : nothingOf(sessionId)
    for await (const batch of readToTail(endpoint, stream, { ...patience, offset })) {
      // A window is thousands of events: others are served between the steps of a long replay.
      await setImmediate()
      const events = batch.items.map(parseEvent).filter((event) => event !== null)
      await setImmediate()
      value = foldSession(value, events)
      offset = batch.offset
    }
    return { value, offset, stream }
  }

  function readerOf(sessionId: SessionId): () => Promise<FoldedSession> {
    const read = oneAtATime((last: FoldedSession) =>
      readSession(sessionId, last).catch((error: unknown) => {
        // It may be archived, or brought back, between the look at its row and the reading.
        if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
        return readSession(sessionId, last)
      }),
    )
    return () => read(nothingOf(sessionId))
  }

  return {
    registry,
    streamOf,
    session(sessionId) {
      const read = kept.get(sessionId) ?? readerOf(sessionId)
      kept.use(sessionId, read)
      return read()
    },
  }
}

const nothingOf = (sessionId: SessionId): FoldedSession => ({
  value: emptySession(sessionId),
  offset: START,
  stream: paths.events(sessionId),
})

/** What the rows of one stream come to, as of its tail at the time of the call. */
export function foldOf<Value>(
  endpoint: FindEndpoint,
  stream: string,
  {
    patience,
    empty,
    fold,
  }: {
    readonly patience: Patience
    readonly empty: Value
    readonly fold: (value: Value, rows: readonly unknown[]) => Value
  },
): () => Promise<Folded<Value>> {
  const read = oneAtATime(async (last: Folded<Value>) => {
    let { value, offset } = last
    for await (const batch of readToTail(endpoint, stream, { ...patience, offset })) {
      value = fold(value, batch.items)
      offset = batch.offset
    }
    return { value, offset }
  })
  return () => read({ value: empty, offset: START })
}
