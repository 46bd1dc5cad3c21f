/**
 * What the streams say, as of their tails. Folds are kept between calls so that a second look reads only what is
 * new; they can be thrown away at any time.
 */
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptyRegistry, foldRegistry, type Registry } from "#streams/registry"
import type { Session } from "#streams/session"
import { readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import {
  foundAgain,
  isSameSource,
  readOn,
  type SessionAt,
  type Source,
  sourceOf,
  unread,
} from "./folds/session-at.ts"
import type { Snapshots } from "./folds/snapshots.ts"
import { latelyUsed } from "./lately-used.ts"
import { oneAtATime } from "./one-at-a-time.ts"

export interface Folded<Value> {
  readonly value: Value
  readonly offset: string
}

export interface Folds {
  registry(): Promise<Folded<Registry>>
  /** The stream that holds what happened in the session: its events, or its archive. */
  streamOf(sessionId: SessionId): Promise<string>
  session(sessionId: SessionId): Promise<Folded<Session>>
  /** Where somebody begins who reads that stream of it: at what is kept in the home, else at its beginning. */
  beginning(sessionId: SessionId, source: Source): Promise<SessionAt>
}

/** Sessions whose fold is kept. */
const KEPT = 32

/** `snapshots`: where a session that nobody has looked at yet is not read from its beginning. */
export function foldsOf(
  endpoint: FindEndpoint,
  patience: Patience,
  snapshots?: Pick<Snapshots, "load" | "drop">,
): Folds {
  const kept = latelyUsed<SessionId, () => Promise<SessionAt>>(KEPT)
  const registry = foldOf(endpoint, paths.registry, { patience, empty: emptyRegistry, fold: foldRegistry })
  const sourceNow = async (sessionId: SessionId) =>
    sourceOf(sessionId, (await registry()).value.get(sessionId))

  async function readSession(sessionId: SessionId, last: SessionAt | null): Promise<SessionAt> {
    const source = await sourceNow(sessionId)
    const known = last !== null && isSameSource(last.source, source) ? last : null
    return await readOn(endpoint, known ?? (await beginning(sessionId, source)), patience)
  }

  async function beginning(sessionId: SessionId, source: Source): Promise<SessionAt> {
    const snapshot = await snapshots?.load(sessionId, source)
    if (!snapshot) return unread(sessionId, source)
    const found = await foundAgain(endpoint, snapshot, patience)
    // What cannot be removed is read in vain again, and hinders nobody.
    if (found === null) await snapshots?.drop(sessionId).catch(() => undefined)
    return found ?? unread(sessionId, source)
  }

  const readerOf = (sessionId: SessionId): (() => Promise<SessionAt>) =>
    oneAtATime((last: SessionAt | null) =>
      readSession(sessionId, last).catch((error: unknown) => {
        // It may be archived, or brought back, between the look at its row and the reading.
        if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
        return readSession(sessionId, last)
      }),
    )

  return {
    registry,
    streamOf: async (sessionId) => (await sourceNow(sessionId)).stream,
    session(sessionId) {
      const read = kept.get(sessionId) ?? readerOf(sessionId)
      kept.use(sessionId, read)
      return read()
    },
    beginning,
  }
}

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
  return oneAtATime(async (last: Folded<Value> | null) => {
    let { value, offset } = last ?? { value: empty, offset: START }
    for await (const batch of readToTail(endpoint, stream, { ...patience, offset })) {
      value = fold(value, batch.items)
      offset = batch.offset
    }
    return { value, offset }
  })
}
