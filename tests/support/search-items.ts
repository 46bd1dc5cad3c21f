/** A search without streams: what both stand-ins of the control plane answer. */
import type { SearchHit, SearchRequest, SearchResult } from "../../src/plane.ts"
import type { SessionId } from "../../streams/ids.ts"
import { excerptOf, textsOf, wantedOf } from "../../streams/search.ts"
import type { Item } from "../../streams/session.ts"

interface Searched {
  readonly sessionId: SessionId
  readonly title: string
  readonly items: readonly Item[]
}

/** Newest session last, as they were made. */
export function searchItems(
  sessions: readonly Searched[],
  { query, limit = 50, cursor }: SearchRequest,
): SearchResult {
  const wanted = wantedOf(query)
  const all = sessions.toReversed().flatMap(({ sessionId, title, items }) =>
    items.toReversed().flatMap((item) => {
      const excerpt = excerptOf(textsOf(item), wanted)
      const { seq, at, type } = item
      return excerpt ? [{ sessionId, title, seq, at, type, ...excerpt }] : []
    }),
  )
  const from = all.findIndex((hit) => cursorOf(hit) === cursor) + 1
  const hits = all.slice(from, from + limit)
  const last = hits.at(-1)
  return {
    hits,
    searched: sessions.length,
    total: sessions.length,
    unread: [],
    ...(last && all.length > from + limit && { cursor: cursorOf(last) }),
  }
}

const cursorOf = ({ sessionId, seq }: SearchHit): string => `${sessionId}.${seq}`
