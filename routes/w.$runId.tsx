import { createFileRoute } from "@tanstack/react-router"
import { useCallback } from "react"
import type { RunId } from "#streams/ids"
import type { StepId } from "#streams/workflow/step-id"
import { useLiveRun } from "./-app/live-runs.ts"
import { usePageTitle } from "./-app/page-title.ts"
import { useWide } from "./-app/use-wide.ts"
import { NotHere } from "./-components/not-here.tsx"
import { RunPage, type RunViewName } from "./-components/runs/run-page.tsx"

interface RunSearch {
  readonly step?: StepId
  /** Absent: a graph where there is room for it, else a list. */
  readonly view?: RunViewName
}

/** A step, or an item of one: `files/3`. */
const STEP = /^[A-Za-z]\w{0,39}(\/\d{1,5})?$/

export const Route = createFileRoute("/w/$runId")({
  validateSearch: ({ step, view }: Record<string, unknown>): RunSearch => ({
    ...(STEP.test(String(step)) && { step: String(step) }),
    ...((view === "graph" || view === "list") && { view }),
  }),
  component: RunRoute,
})

function RunRoute() {
  const { runId } = Route.useParams()
  // The engine reads the id; one that is none is a run that is not here.
  return <OpenRun key={runId} runId={runId as RunId} />
}

function OpenRun({ runId }: { readonly runId: RunId }) {
  const live = useLiveRun(runId)
  const wide = useWide()
  const { step = null, view = wide ? "graph" : "list" } = Route.useSearch()
  const navigate = Route.useNavigate()
  const onSelect = useCallback(
    (next: StepId | null) =>
      void navigate({
        search: ({ step: _, ...rest }) => ({ ...rest, ...(next !== null && { step: next }) }),
        replace: true,
      }),
    [navigate],
  )
  const onView = useCallback(
    (next: RunViewName) => void navigate({ search: (before) => ({ ...before, view: next }), replace: true }),
    [navigate],
  )
  const { header, connection, plan } = live
  usePageTitle(plan?.definition.name ?? runId)
  if (connection.state === "unknown") return <NotHere what={`Run ${runId}`} detail={connection.message} />
  if (header === null)
    return (
      <div className="px-4 py-6">
        <h1 className="sr-only">Run {runId}</h1>
        <p className="text-quiet">
          {connection.state === "reconnecting"
            ? "The agentz server does not answer. This page opens when it is back."
            : "Opening the run…"}
        </p>
      </div>
    )
  return (
    <RunPage
      {...{ runId, live, header, view, onSelect, onView }}
      selected={step !== null && live.steps.has(step) ? step : null}
    />
  )
}
