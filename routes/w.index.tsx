import { createFileRoute, Link } from "@tanstack/react-router"
import { Clock, Plus } from "lucide-react"
import { useMemo, useRef, useState } from "react"
import { useCommands } from "./-app/commands.ts"
import { plural } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { useSessionList } from "./-app/live.ts"
import { useRunList } from "./-app/live-runs.ts"
import { usePageTitle } from "./-app/page-title.ts"
import {
  countRuns,
  filterRuns,
  isRunFilter,
  RUN_FILTERS,
  type RunFilter,
  sortRuns,
} from "./-app/run-order.ts"
import { moveFocus } from "./-app/walk.ts"
import { FilterBar, focusFilter } from "./-components/filter-bar.tsx"
import { RunRow } from "./-components/runs/run-row.tsx"

interface RunsSearch {
  readonly q?: string
  readonly status?: RunFilter
  readonly workflow?: string
}

export const Route = createFileRoute("/w/")({
  validateSearch: ({ q, status, workflow }: Record<string, unknown>): RunsSearch => ({
    ...(q !== undefined && q !== "" && { q: String(q) }),
    ...(isRunFilter(status) && { status }),
    ...(workflow !== undefined && workflow !== "" && { workflow: String(workflow) }),
  }),
  component: Runs,
})

const WORDS: Readonly<Record<RunFilter, string>> = {
  waiting: "Needs you",
  running: "Running",
  paused: "Paused",
  failed: "Failed",
  completed: "Done",
  cancelled: "Cancelled",
}

const PAGE = 200

/** The runs of workflows, those that need somebody first. */
function Runs() {
  usePageTitle("Workflows")
  const { entries, loaded } = useRunList()
  const { connection } = useSessionList()
  const search = Route.useSearch()
  const { workflow: only, ...others } = search
  const navigate = Route.useNavigate()
  const [shown, setShown] = useState(PAGE)
  const list = useRef<HTMLUListElement>(null)
  const all = useMemo(() => sortRuns(entries.values()), [entries])
  const rows = filterRuns(all, search)
  const counts = countRuns(filterRuns(all, { ...search, status: undefined }))
  const walk = (step: number) => () => moveFocus(list.current, "li > a", step)
  useCommands("page", [
    { id: "down", group: "View", title: "Next run", run: walk(1) },
    { id: "up", group: "View", title: "Previous run", run: walk(-1) },
    {
      id: "filter",
      group: "View",
      title: "Filter runs",
      run: focusFilter,
    },
  ])
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <h1 className="sr-only">Workflows</h1>
      <FilterBar
        label="Filter runs"
        q={search.q}
        onQ={(q) =>
          void navigate({ search: ({ q: _, ...rest }) => ({ ...rest, ...(q && { q }) }), replace: true })
        }
        status={search.status}
        filters={RUN_FILTERS}
        words={WORDS}
        counts={counts}
        total={Object.values(counts).reduce((sum, count) => sum + count, 0)}
        link={(status, look) => (
          <Link
            key={status ?? ""}
            to="/w"
            search={({ status: _, ...rest }) => ({ ...rest, ...(status && { status }) })}
            {...look}
          />
        )}
      >
        {only !== undefined && (
          <Link to="/w" search={others} className="rounded-md bg-sunken px-2 py-1 text-row touch:py-3">
            {plainText(only)} <span aria-hidden>×</span>
            <span className="sr-only">: show the runs of all workflows</span>
          </Link>
        )}
        <Link to="/w/starters" className="control ml-auto">
          <Clock size={14} aria-hidden />
          Schedules
        </Link>
        <Link to="/w/new" className="control control-accent">
          <Plus size={14} aria-hidden />
          Start a run
        </Link>
      </FilterBar>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {!loaded && all.length === 0 ? (
          <p className="px-4 py-6 text-quiet">
            {connection.state === "reconnecting" ? "The agentz server does not answer." : "Reading the runs…"}
          </p>
        ) : all.length === 0 ? (
          <NoRuns />
        ) : rows.length === 0 ? (
          <p className="px-4 py-6 text-quiet">
            No run matches.{" "}
            <Link to="/w" className="text-ink underline underline-offset-2">
              Show all {all.length}
            </Link>
          </p>
        ) : (
          <>
            <div
              aria-hidden
              className="run-grid sticky top-0 z-10 gap-x-4 border-b border-line bg-paper px-4 py-1 text-note text-quiet max-sm:hidden"
            >
              <span>State</span>
              <span>Workflow</span>
              <span>Started</span>
              <span className="max-md:hidden">Directory</span>
              <span>Steps</span>
              <span className="text-right">Time</span>
              <span className="text-right">Tokens</span>
            </div>
            <ul ref={list} aria-label="Runs">
              {rows.slice(0, shown).map((entry) => (
                <RunRow key={entry.runId} entry={entry} />
              ))}
            </ul>
            {rows.length > shown && (
              <button type="button" className="control m-4" onClick={() => setShown(shown + PAGE)}>
                Show {plural(Math.min(PAGE, rows.length - shown), "more run")}
              </button>
            )}
          </>
        )}
      </div>
    </div>
  )
}

function NoRuns() {
  return (
    <div className="mx-auto max-w-xl px-4 py-16">
      <h2 className="text-lg font-semibold">No runs yet</h2>
      <p className="mt-2 text-quiet">
        A workflow is a graph of steps, most of them agents. A run of one goes on after a crash where it was,
        and never does a finished step again.
      </p>
      <p className="mt-6">
        <Link to="/w/new" className="control control-accent">
          Start the first run
        </Link>
      </p>
    </div>
  )
}
