import { createFileRoute, Link } from "@tanstack/react-router"
import { Fragment, useMemo, useRef, useState } from "react"
import { useCommands } from "./-app/commands.ts"
import { plural, shortPath } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { useSessionList } from "./-app/live.ts"
import { usePageTitle } from "./-app/page-title.ts"
import {
  countByFilter,
  FILTERS,
  type Filter,
  filterSessions,
  groupSessions,
  isFilter,
  sortSessions,
} from "./-app/session-order.ts"
import { moveFocus } from "./-app/walk.ts"
import { FilterBar, focusFilter } from "./-components/filter-bar.tsx"
import { FirstRun } from "./-components/first-run.tsx"
import { SessionRow } from "./-components/session-row.tsx"

interface ListSearch {
  readonly q?: string
  readonly status?: Filter
  readonly group?: "directory"
  /** Those that were put away, instead of the others. */
  readonly archived?: true
}

export const Route = createFileRoute("/")({
  validateSearch: ({ q, status, group, archived }: Record<string, unknown>): ListSearch => ({
    ...(q !== undefined && q !== "" && { q: String(q) }),
    ...(isFilter(status) && { status }),
    ...(group === "directory" && { group }),
    ...((archived === true || archived === "true") && { archived: true }),
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
  const { entries, loaded, connection } = useSessionList()
  const isFirstRun = loaded && entries.size === 0
  usePageTitle(isFirstRun ? "Start" : "Sessions")
  const search = Route.useSearch()
  const navigate = Route.useNavigate()
  const [shown, setShown] = useState(PAGE)
  const list = useRef<HTMLDivElement>(null)
  const every = useMemo(() => sortSessions(entries.values()), [entries])
  const put = every.filter(({ archivedAt }) => archivedAt !== undefined)
  const all = search.archived ? put : put.length === 0 ? every : every.filter((entry) => !put.includes(entry))
  const rows = filterSessions(all, search)
  const groups = groupSessions(rows.slice(0, shown), search.group)
  const toggleGroup = () =>
    void navigate({
      search: ({ group, ...rest }) => (group ? rest : { ...rest, group: "directory" as const }),
    })
  useCommands("page", [
    {
      id: "filter",
      group: "View",
      title: "Filter sessions",
      run: focusFilter,
    },
    {
      id: "down",
      group: "View",
      title: "Next session",
      run: () => moveFocus(list.current, "li > a", 1),
    },
    {
      id: "up",
      group: "View",
      title: "Previous session",
      run: () => moveFocus(list.current, "li > a", -1),
    },
    {
      id: "group",
      group: "View",
      title: search.group ? "Do not group" : "Group by directory",
      run: toggleGroup,
    },
    {
      id: "archived",
      group: "View",
      title: search.archived ? "Sessions in use" : "Archived sessions",
      run: () => void navigate({ search: search.archived ? {} : { archived: true } }),
    },
  ])

  if (isFirstRun) return <FirstRun />
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <h1 className="sr-only">Sessions</h1>
      <FilterBar
        label="Filter sessions"
        q={search.q}
        onQ={(q) =>
          void navigate({ search: ({ q: _, ...rest }) => ({ ...rest, ...(q && { q }) }), replace: true })
        }
        status={search.status}
        filters={FILTERS}
        words={WORDS}
        counts={countByFilter(all)}
        total={all.length}
        link={(status, look) => (
          <Link
            key={status ?? ""}
            to="/"
            search={({ status: _, ...rest }) => ({ ...rest, ...(status && { status }) })}
            {...look}
          />
        )}
      >
        {search.archived && <span className="text-row text-needs">Archived</span>}
        <button
          type="button"
          className="ml-auto rounded-md px-2 py-1 text-row text-quiet hover:text-ink aria-pressed:bg-sunken aria-pressed:text-ink max-sm:hidden"
          aria-pressed={search.group === "directory"}
          onClick={toggleGroup}
        >
          By directory
        </button>
      </FilterBar>
      <div ref={list} className="min-h-0 flex-1 overflow-y-auto">
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
            {search.q !== undefined && (
              <>
                {" or "}
                <SearchAll q={search.q} />
              </>
            )}
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
            {groups.map(({ name, entries: of }) => (
              <Fragment key={name ?? ""}>
                {name !== null && (
                  <h2 className="flex gap-2 border-b border-line bg-raised px-3 py-1 font-mono text-note text-soft sm:px-4">
                    <span className="min-w-0 truncate">{shortPath(plainText(name), 60)}</span>
                    <span className="text-quiet figures">{of.length}</span>
                  </h2>
                )}
                <ul aria-label={name === null ? "Sessions" : `Sessions in ${name}`}>
                  {of.map((entry) => (
                    <SessionRow key={entry.sessionId} entry={entry} />
                  ))}
                </ul>
              </Fragment>
            ))}
            {search.q !== undefined && (
              <p className="px-4 py-4 text-row text-quiet">
                <SearchAll q={search.q} />
              </p>
            )}
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

/** The list looks at titles and last lines; what was said is searched elsewhere. */
function SearchAll({ q }: { readonly q: string }) {
  return (
    <Link to="/search" search={{ q }} className="text-ink underline underline-offset-2">
      Search all that was said for “{plainText(q)}”
    </Link>
  )
}
