/** A search without streams: what both stand-ins of the control plane answer. */
import type { SearchResult } from "../../src/plane.ts"
import type { SessionId } from "../../streams/ids.ts"
import { excerptOf, textsOf, wantedOf } from "../../streams/search.ts"
import type { Item } from "../../streams/session.ts"

interface Searched {
  readonly sessionId: SessionId
  readonly title: string
  readonly items: readonly Item[]
}

/** Newest session last, as they were made. */
export function searchItems(sessions: readonly Searched[], query: string, limit = 50): SearchResult {
  const wanted = wantedOf(query)
  const hits = sessions.toReversed().flatMap(({ sessionId, title, items }) =>
    items.toReversed().flatMap((item) => {
      const excerpt = excerptOf(textsOf(item), wanted)
      const { seq, at, type } = item
      return excerpt ? [{ sessionId, title, seq, at, type, ...excerpt }] : []
    }),
  )
  const last = hits[limit - 1]
  return {
    hits: hits.slice(0, limit),
    searched: sessions.length,
    total: sessions.length,
    unread: [],
    ...(last && hits.length > limit && { cursor: `${last.sessionId}.${last.seq}` }),
  }
}
