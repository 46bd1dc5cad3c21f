/** Looks for words in all sessions, page by page, until enough is found or all was looked through. */
import { useEffect, useState } from "react"
import { openApi, type SearchHit } from "./api.ts"
import { refusalOf } from "./refusal.ts"

interface Search {
  readonly query: string
  readonly hits: readonly SearchHit[]
  /** How many of all sessions were looked through; `null`: nothing was answered yet. */
  readonly searched: number | null
  readonly total: number
  readonly unread: number
  /** Where to go on; `null`: at the start. */
  readonly cursor: string | null
  readonly ended: boolean
  readonly problem: string | null
}

const fresh = (query: string): Search => ({
  query,
  ...{ hits: [], searched: null, total: 0, unread: 0, cursor: null, ended: query === "", problem: null },
})

// Nobody means the first letters of a word.
const PAUSE_MS = 250
const PAGE = 50

export type Searching = Search & {
  readonly busy: boolean
  /** Goes on where something went wrong. */
  readonly again: () => void
}

/** `most`: hits after which it waits to be asked for more. */
export function useSearch(given: string, most: number): Searching {
  const query = given.trim()
  const [search, setSearch] = useState(() => fresh(query))
  if (search.query !== query) setSearch(fresh(query))
  const busy = !search.ended && search.hits.length < most
  useEffect(() => {
    if (!busy || search.query !== query) return
    const leave = new AbortController()
    const ask = async () => {
      const place = search.cursor === null ? {} : { cursor: search.cursor }
      const limit = Math.min(PAGE, most - search.hits.length)
      try {
        const found = await openApi(location.origin).search({ query, limit, ...place }, leave.signal)
        if (!leave.signal.aborted) setSearch(withPage(search, found))
      } catch (error) {
        if (!leave.signal.aborted) setSearch({ ...search, ended: true, problem: refusalOf(error).message })
      }
    }
    const timer = setTimeout(() => void ask(), search.searched === null ? PAUSE_MS : 0)
    return () => {
      clearTimeout(timer)
      leave.abort()
    }
  }, [busy, search, query, most])
  const again = () => setSearch({ ...search, ended: false, problem: null })
  return { ...search, busy, again }
}

type Page = Awaited<ReturnType<ReturnType<typeof openApi>["search"]>>

function withPage(search: Search, { hits, searched, total, unread, cursor }: Page): Search {
  const known = new Set(search.hits.map(keyOf))
  return {
    ...search,
    // Where a session was removed meanwhile the search begins anew.
    hits: [...search.hits, ...hits.filter((hit) => !known.has(keyOf(hit)))],
    ...{ searched, total, cursor: cursor ?? null, ended: cursor === undefined },
    unread: search.unread + unread.length,
  }
}

export const keyOf = ({ sessionId, seq }: SearchHit): string => `${sessionId}#${seq}`
