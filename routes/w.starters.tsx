import { createFileRoute, Link } from "@tanstack/react-router"
import { usePageTitle } from "./-app/page-title.ts"
import { useDefinitions } from "./-app/use-definitions.ts"
import { StarterForm } from "./-components/runs/starter-form.tsx"
import { Starters } from "./-components/runs/starters.tsx"

interface StartersSearch {
  /** What is to be made. */
  readonly add?: "schedule" | "webhook"
  readonly workflow?: string
}

export const Route = createFileRoute("/w/starters")({
  validateSearch: ({ add, workflow }: Record<string, unknown>): StartersSearch => ({
    ...((add === "schedule" || add === "webhook") && { add }),
    ...(workflow !== undefined && workflow !== "" && { workflow: String(workflow) }),
  }),
  component: StartersPage,
})

/** What starts runs by itself: by the clock, and for each request that knows a secret. */
function StartersPage() {
  usePageTitle("Schedules and webhooks")
  const { add, workflow } = Route.useSearch()
  const navigate = Route.useNavigate()
  const { known, problem, refresh } = useDefinitions()
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-3xl px-4 py-6 sm:py-10">
        <div className="mb-1 flex flex-wrap items-center gap-3 max-sm:mb-3">
          <h1 className="flex-1 text-xl font-semibold tracking-tight max-sm:basis-full">
            Schedules and webhooks
          </h1>
          <Link
            to="/w/starters"
            search={{ ...(workflow && { workflow }), add: "schedule" }}
            className="control"
          >
            New schedule
          </Link>
          <Link
            to="/w/starters"
            search={{ ...(workflow && { workflow }), add: "webhook" }}
            className="control"
          >
            New webhook
          </Link>
        </div>
        <p className="mb-5 text-quiet">They start runs by themselves for as long as the server runs.</p>
        {known === null ? (
          <p className="text-quiet">{problem ?? "Reading the workflows…"}</p>
        ) : (
          <>
            {add && (
              <StarterForm
                key={add}
                kind={add}
                workflows={known.workflows}
                workflow={workflow}
                onWorkflow={(name) => void navigate({ search: { add, workflow: name }, replace: true })}
                onMade={refresh}
                onClose={() => void navigate({ search: {} })}
              />
            )}
            <Starters {...known} onChanged={refresh} />
          </>
        )}
      </div>
    </div>
  )
}
