import { createFileRoute, Link } from "@tanstack/react-router"
import { type KeyboardEvent, useRef, useState } from "react"
import type { SearchHit } from "./-app/api.ts"
import { useCommands } from "./-app/commands.ts"
import { plural, shortPath, shortSpan } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { useSessionList } from "./-app/live.ts"
import { usePageTitle } from "./-app/page-title.ts"
import { keyOf, type Searching, useSearch } from "./-app/search.ts"
import { moveFocus } from "./-app/walk.ts"
import { KIND, Marked } from "./-components/marked.tsx"
import { StateMark } from "./-components/state-mark.tsx"

export const Route = createFileRoute("/search")({
  validateSearch: ({ q }: Record<string, unknown>): { readonly q?: string } =>
    q === undefined || q === "" ? {} : { q: String(q) },
  component: SearchPage,
})

const PAGE = 50

/** Everything that was said in any session. */
function SearchPage() {
  usePageTitle("Search")
  const { q = "" } = Route.useSearch()
  const navigate = Route.useNavigate()
  const [most, setMost] = useState(PAGE)
  const search = useSearch(q, most)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const walk = (step: 1 | -1) => () => moveFocus(list.current, "li > a", step)
  useCommands("page", [
    { id: "filter", group: "View", title: "Change the words", run: () => field.current?.focus() },
    { id: "down", group: "View", title: "Next place", run: walk(1) },
    { id: "up", group: "View", title: "Previous place", run: walk(-1) },
  ])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return
    event.preventDefault()
    walk(1)()
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <h1 className="sr-only">Search</h1>
      <search className="shrink-0 border-b border-line">
        <div className="mx-auto flex max-w-3xl flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 sm:px-4">
          <input
            ref={field}
            type="search"
            className="field h-9 min-w-0 flex-1 basis-60"
            aria-label="Search all sessions"
            placeholder="Search all sessions"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            // biome-ignore lint/a11y/noAutofocus: the page is this box
            autoFocus
            value={q}
            onChange={({ target: { value } }) => {
              setMost(PAGE)
              void navigate({ search: value === "" ? {} : { q: value }, replace: true })
            }}
            onKeyDown={onKeyDown}
          />
          <p role="status" className="text-note text-quiet figures">
            {progressOf(search)}
          </p>
        </div>
      </search>
      <div ref={list} className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto max-w-3xl px-3 pb-8 sm:px-4">
          {search.problem && (
            <p role="alert" className="py-4 text-row text-fail">
              {search.problem}{" "}
              <button
                type="button"
                className="underline underline-offset-2 touch:min-h-11"
                onClick={search.again}
              >
                Try again
              </button>
            </p>
          )}
          {search.hits.length === 0 && search.problem === null && (
            <p className="py-4 text-quiet">{emptyWords(search)}</p>
          )}
          {groupsOf(search.hits).map((hits) => (
            <SessionHits key={hits[0]?.sessionId} hits={hits} />
          ))}
          {!search.ended && !search.busy && (
            <button type="button" className="control mt-4" onClick={() => setMost(most + PAGE)}>
              Search on
            </button>
          )}
        </div>
      </div>
    </div>
  )
}

function progressOf({ query, hits, searched, total, unread, ended, busy }: Searching): string {
  if (query === "") return ""
  if (searched === null) return busy ? "Searching…" : ""
  const found = ended ? plural(hits.length, "place") : `${plural(hits.length, "place")} so far`
  const lost = unread === 0 ? "" : ` · ${unread} could not be read`
  return `${found} · ${searched.toLocaleString("en")} of ${plural(total, "session")} searched${lost}`
}

const emptyWords = ({ query, busy }: Searching): string =>
  query === ""
    ? "Words of any message, tool call or output. All of them must be there; “in quotes” they stand together."
    : busy
      ? ""
      : "Nobody said that."

/** Hits of one session come one after the other. */
function groupsOf(hits: readonly SearchHit[]): SearchHit[][] {
  const groups: SearchHit[][] = []
  for (const hit of hits) {
    const last = groups.at(-1)
    if (last?.[0]?.sessionId === hit.sessionId) last.push(hit)
    else groups.push([hit])
  }
  return groups
}

function SessionHits({ hits }: { readonly hits: readonly SearchHit[] }) {
  const { entries } = useSessionList()
  const [first] = hits
  if (!first) return null
  const { sessionId, title } = first
  const entry = entries.get(sessionId)
  return (
    <section aria-label={plainText(title)} className="mt-5">
      <h2 className="flex items-baseline gap-3 text-row">
        <Link
          to="/s/$sessionId"
          params={{ sessionId }}
          className="min-w-0 truncate font-medium hover:underline touch:py-2"
        >
          {plainText(entry?.title ?? title)}
        </Link>
        {entry && <StateMark status={entry.status} className="shrink-0 text-note" />}
        {entry?.archivedAt !== undefined && <span className="text-note text-quiet">Archived</span>}
        {entry && (
          <span className="ml-auto min-w-0 truncate font-mono text-note text-quiet max-sm:hidden">
            {shortPath(plainText(entry.workingDir), 30)}
          </span>
        )}
      </h2>
      <ul className="mt-1 border-l border-line">
        {hits.map((hit) => (
          <li key={keyOf(hit)}>
            <Link
              to="/s/$sessionId"
              params={{ sessionId }}
              hash={String(hit.seq)}
              className="flex gap-3 rounded-md px-3 py-1 text-row hover:bg-sunken touch:py-2.5"
            >
              <span className="w-14 shrink-0 text-quiet">{KIND[hit.type]}</span>
              <span className="line-clamp-2 max-sm:line-clamp-4 min-w-0 flex-1 [overflow-wrap:anywhere]">
                <Marked text={hit.text} ranges={hit.ranges} />
              </span>
              <span className="shrink-0 text-note text-quiet figures">
                {shortSpan(Date.now() - Date.parse(hit.at))}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
