/**
 * Looks for words in all that was said, newest session first. There is no index: sessions are read from their streams,
 * long ones from where the fold in the home ends, and their folds kept while there is room, so a second search reads
 * only what is new. A call stops after a while and says how far it came; its cursor goes on from there.
 */
import { setImmediate as breath } from "node:timers/promises"
import type { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import { excerptOf, textsOf, type Wanted, wantedOf } from "#streams/search"
import { type Item, needsDaemon, type Session } from "#streams/session"
import { StreamError } from "#streams/transport"
import { isSameSource, readingOn, type SessionAt, type Source, sourceOf } from "./folds/session-at.ts"
import type { SearchHit, SearchRequest, SearchResult } from "./plane.ts"
import type { PlaneContext } from "./plane-context.ts"

/** What a call may take; the part of a session that it is at is finished. */
const BUDGET_MS = 1_000
/** Sessions that are read at once. */
const AHEAD = 8
/** Others are let in after this. */
const BREATH_MS = 20
const LIMIT = 50
/** Of the folds that are kept, in UTF-16 units; of an item beside its text. */
const KEPT_TEXT = 48 * 1024 * 1024
const ITEM_TEXT = 500

interface Kept {
  readonly at: SessionAt
  readonly size: number
}

export function searchOf({
  endpoint,
  folds,
  patience,
}: Pick<PlaneContext, "endpoint" | "folds" | "patience">) {
  const kept = new Map<SessionId, Kept>()

  /** Of the others, those that were looked at longest ago make room. */
  function keep(one: Kept): void {
    const { sessionId } = one.at.value
    kept.delete(sessionId)
    kept.set(sessionId, one)
    let over = [...kept.values()].reduce((sum, { size }) => sum + size, -KEPT_TEXT)
    for (const [oldest, { size }] of kept) {
      if (over <= 0 || oldest === sessionId) return
      kept.delete(oldest)
      over -= size
    }
  }

  /** The session as it is now; `null` where it was `late` before all was read, and the next call goes on. */
  async function readFrom(
    source: Source,
    { sessionId, status, activity }: RegistryEntry,
    late: () => boolean,
  ): Promise<Session | null> {
    const last = kept.get(sessionId)
    const known = last && isSameSource(last.at.source, source) ? last : null
    if (known && activity && !needsDaemon(status) && known.at.value.seq >= activity.seq) {
      keep(known)
      return known.at.value
    }
    let at = known?.at ?? (await folds.beginning(sessionId, source))
    let upToDate = false
    for await (const step of readingOn(endpoint, at, patience)) {
      at = step.at
      upToDate = step.upToDate
      if (late()) break
    }
    keep({ at, size: sizeOf(at.value) })
    return upToDate ? at.value : null
  }

  /** It may be archived, or brought back, between the look at its row and the reading. */
  async function read(entry: RegistryEntry, late: () => boolean): Promise<Session | null | "gone"> {
    const { sessionId } = entry
    const ifGone = (error: unknown) => {
      if (error instanceof StreamError && error.code === "stream_missing") return "gone" as const
      throw error
    }
    const session = await readFrom(sourceOf(sessionId, entry), entry, late).catch(ifGone)
    if (session !== "gone") return session
    const now = (await folds.registry()).value.get(sessionId)
    return await readFrom(sourceOf(sessionId, now), entry, late).catch(ifGone)
  }

  return async function search(request: SearchRequest): Promise<SearchResult> {
    const { query, limit = LIMIT, cursor, signal } = request
    const wanted = wantedOf(query)
    const entries = [...(await folds.registry()).value.values()].reverse()
    const total = entries.length
    if (wanted.length === 0) return { hits: [], searched: total, total, unread: [] }
    const start = performance.now()
    const late = () => signal?.aborted === true || performance.now() - start > BUDGET_MS
    let breathed = start
    const hits: SearchHit[] = []
    const unread: SessionId[] = []
    const from = placeIn(entries, cursor)
    const reading = new Map<number, Promise<Session | null | "gone">>()
    const readAhead = (first: number) => {
      for (const [index, entry] of entries.slice(first, first + AHEAD).entries()) {
        if (reading.has(first + index)) continue
        const session = read(entry, late)
        session.catch(() => undefined) // It is heard of when its turn comes, if it comes.
        reading.set(first + index, session)
      }
    }
    for (const [index, entry] of entries.entries()) {
      if (index < from.index) continue
      const before = index === from.index ? from.before : undefined
      const stop = (seq = before) => ({
        ...{ hits, searched: index, total, unread },
        cursor: `${entry.sessionId}${seq === undefined ? "" : `.${seq}`}`,
      })
      if (index > from.index && late()) return stop()
      readAhead(index)
      const session = await reading.get(index)
      reading.delete(index)
      if (!session) return stop()
      if (session === "gone") unread.push(entry.sessionId)
      else
        for (const hit of hitsIn(session, entry, wanted, before)) {
          hits.push(hit)
          if (hits.length === limit) return stop(hit.seq)
        }
      if (performance.now() - breathed < BREATH_MS) continue
      await breath()
      breathed = performance.now()
    }
    return { hits, searched: total, total, unread }
  }
}

/** A cursor whose session is gone begins anew. */
function placeIn(entries: readonly RegistryEntry[], cursor: string | undefined) {
  const [id, before] = cursor?.split(".") ?? []
  const index = Math.max(
    0,
    entries.findIndex(({ sessionId }) => sessionId === id),
  )
  return { index, before: before === undefined ? undefined : Number(before) }
}

function* hitsIn(
  { sessionId, items }: Session,
  { title }: RegistryEntry,
  wanted: Wanted,
  before = Number.POSITIVE_INFINITY,
): Generator<SearchHit> {
  for (const item of items.toReversed()) {
    const { seq, at, type } = item
    // A question repeats its call.
    const excerpt = seq < before && type !== "permission" ? excerptOf(partsOf(item), wanted) : null
    if (excerpt) yield { sessionId, title, seq, at, type, ...excerpt }
  }
}

const sizeOf = ({ items }: Session): number =>
  items.reduce((sum, item) => partsOf(item).reduce((all, { length }) => all + length, sum + ITEM_TEXT), 0)

const parts = new WeakMap<Item, readonly string[]>()

/** An item that no event touches stays the same, and to make its text again costs more than to look through it. */
function partsOf(item: Item): readonly string[] {
  const known = parts.get(item) ?? textsOf(item)
  parts.set(item, known)
  return known
}
