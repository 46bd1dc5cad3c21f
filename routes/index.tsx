import { createFileRoute, Link } from "@tanstack/react-router"
import clsx from "clsx"
import { Search } from "lucide-react"
import { useMemo, useState } from "react"
import { plural } from "./-app/figures.ts"
import { useSessionList } from "./-app/live.ts"
import { usePageTitle } from "./-app/page-title.ts"
import {
  countByFilter,
  FILTERS,
  type Filter,
  filterSessions,
  isFilter,
  sortSessions,
} from "./-app/session-order.ts"
import { FirstRun } from "./-components/first-run.tsx"
import { SessionRow } from "./-components/session-row.tsx"

interface ListSearch {
  readonly q?: string
  readonly status?: Filter
}

export const Route = createFileRoute("/")({
  validateSearch: ({ q, status }: Record<string, unknown>): ListSearch => ({
    ...(q !== undefined && q !== "" && { q: String(q) }),
    ...(isFilter(status) && { status }),
  }),
  component: Sessions,
})

const WORDS: Record<Filter, string> = {
  waiting: "Needs you",
  running: "Running",
  interrupted: "Interrupted",
  failed: "Failed",
  completed: "Done",
  cancelled: "Cancelled",
}

const PAGE = 200

function Sessions() {
  usePageTitle("Sessions")
  const { entries, loaded, connection } = useSessionList()
  const search = Route.useSearch()
  const [shown, setShown] = useState(PAGE)
  const all = useMemo(() => sortSessions(entries.values()), [entries])
  const rows = filterSessions(all, search)

  if (loaded && all.length === 0) return <FirstRun />
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <h1 className="sr-only">Sessions</h1>
      <Filters search={search} counts={countByFilter(all)} total={all.length} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {!loaded && all.length === 0 ? (
          <p className="px-4 py-6 text-quiet">
            {connection.state === "reconnecting"
              ? "The agentz server does not answer."
              : "Reading the sessions…"}
          </p>
        ) : rows.length === 0 ? (
          <p className="px-4 py-6 text-quiet">
            No session matches.{" "}
            <Link to="/" className="text-ink underline underline-offset-2">
              Show all {all.length}
            </Link>
          </p>
        ) : (
          <>
            <div
              aria-hidden
              className="session-grid sticky top-0 z-10 gap-x-4 border-b border-line bg-paper px-4 py-1 text-note text-quiet max-sm:hidden"
            >
              <span>State</span>
              <span>Session</span>
              <span>Agent</span>
              <span className="max-md:hidden">Directory</span>
              <span className="text-right">Time</span>
              <span className="text-right">Tokens</span>
            </div>
            <ul aria-label="Sessions">
              {rows.slice(0, shown).map((entry) => (
                <SessionRow key={entry.sessionId} entry={entry} />
              ))}
            </ul>
            {rows.length > shown && (
              <button type="button" className="control m-4" onClick={() => setShown(shown + PAGE)}>
                Show {plural(Math.min(PAGE, rows.length - shown), "more session")}
              </button>
            )}
          </>
        )}
      </div>
    </div>
  )
}

function Filters(props: {
  readonly search: ListSearch
  readonly counts: Record<Filter, number>
  readonly total: number
}) {
  const { search, counts, total } = props
  const navigate = Route.useNavigate()
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5 sm:px-4">
      <search className="relative w-full sm:w-64">
        <Search size={14} aria-hidden className="absolute top-1/2 left-2.5 -translate-y-1/2 text-quiet" />
        <input
          type="search"
          aria-label="Filter sessions"
          placeholder="Filter"
          className="field h-8 py-0! pl-8! text-row!"
          value={search.q ?? ""}
          onChange={({ target: { value } }) =>
            void navigate({
              search: ({ status }) => ({ ...(status && { status }), ...(value && { q: value }) }),
              replace: true,
            })
          }
        />
      </search>
      <nav
        aria-label="Filter by state"
        className="-mx-1 flex max-w-full items-center overflow-x-auto text-row"
      >
        <FilterLink search={search} status={undefined} word="All" count={total} />
        {FILTERS.filter((status) => counts[status] > 0 || search.status === status).map((status) => (
          <FilterLink
            key={status}
            search={search}
            status={status}
            word={WORDS[status]}
            count={counts[status]}
          />
        ))}
      </nav>
    </div>
  )
}

function FilterLink(props: {
  readonly search: ListSearch
  readonly status: Filter | undefined
  readonly word: string
  readonly count: number
}) {
  const { search, status, word, count } = props
  const current = search.status === status
  return (
    <Link
      to="/"
      search={{ ...(search.q && { q: search.q }), ...(status && { status }) }}
      aria-current={current ? "true" : undefined}
      className={clsx(
        "inline-flex items-center gap-1.5 rounded-md px-2 py-1 whitespace-nowrap touch:min-h-11",
        current ? "bg-sunken font-medium text-ink" : "text-quiet hover:text-ink",
      )}
    >
      {word}
      <span className={clsx("figures", status === "waiting" && "font-semibold text-needs")}>{count}</span>
    </Link>
  )
}
