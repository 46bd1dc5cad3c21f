import { createFileRoute, Link } from "@tanstack/react-router"
import clsx from "clsx"
import { lazy, Suspense } from "react"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { plainText } from "./-app/hidden-characters.ts"
import { usePageTitle } from "./-app/page-title.ts"
import type { KnownWorkflow } from "./-app/run-api.ts"
import { useDefinitions } from "./-app/use-definitions.ts"
import { StartForm } from "./-components/runs/start-form.tsx"

interface NewRunSearch {
  readonly workflow?: string
  readonly dir?: string
  /** The definition is shown, to be changed. */
  readonly edit?: true
}

export const Route = createFileRoute("/w/new")({
  validateSearch: ({ workflow, dir, edit }: Record<string, unknown>): NewRunSearch => ({
    ...(workflow !== undefined && workflow !== "" && { workflow: String(workflow) }),
    ...(dir !== undefined && dir !== "" && { dir: String(dir) }),
    ...((edit === true || edit === "true") && { edit: true }),
  }),
  component: NewRun,
})

const DefinitionEditor = lazy(() => import("./-components/runs/definition-editor.tsx"))

const FIRST = `name: first
description: Plans, asks, and does it.

inputs:
  task: { type: string, default: Say hello. }

steps:
  - id: plan
    kind: agent
    agent: demo
    prompt: "{{inputs.task}}"
  - id: look
    kind: approval
    question: "Go on with this? {{steps.plan.output}}"
  - id: work
    kind: agent
    agent: demo
    needs: [look]
    prompt: "Do it: {{steps.plan.output}}"
`

/** Starts a run of a workflow that is known, and makes workflows known. */
function NewRun() {
  usePageTitle("Start a run")
  const { workflow, dir = "", edit } = Route.useSearch()
  const navigate = Route.useNavigate()
  const { known, problem, refresh } = useDefinitions()
  const chosen = known?.workflows.find(({ name }) => name === workflow)
  const empty = known !== null && known.workflows.length === 0
  const onKept = (name: string) => {
    refresh()
    void navigate({ search: ({ edit: _, ...rest }) => ({ ...rest, workflow: name }) })
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-3xl px-4 py-6 sm:py-10">
        <div className="mb-5 flex flex-wrap items-center gap-3">
          <h1 className="text-xl font-semibold tracking-tight">Start a run</h1>
          {!empty && known !== null && (
            <Link to="/w/new" search={{ edit: true }} className="control ml-auto">
              New workflow
            </Link>
          )}
        </div>
        {known === null && <p className="text-quiet">{problem ?? "Reading the workflows…"}</p>}
        {empty && (
          <p className="mb-4 text-quiet">
            No workflow is known yet. Change this one and keep it, or give files to{" "}
            <code className="font-mono text-note">agentz workflow define</code>.
          </p>
        )}
        {known !== null && known.workflows.length > 0 && (
          <nav aria-label="Workflows" className="mb-6">
            <ul className="divide-y divide-line rounded-md border border-line">
              {known.workflows.map((each) => (
                <Choice key={each.name} workflow={each} chosen={each.name === workflow} />
              ))}
            </ul>
          </nav>
        )}
        {known !== null && workflow !== undefined && chosen === undefined && (
          <p role="alert" className="mb-4 text-fail">
            No workflow is known as {plainText(workflow)}. Choose one of those above.
          </p>
        )}
        {chosen && !edit && (
          <section aria-label={chosen.name}>
            <div className="mb-3 flex items-center gap-3">
              <h2 className="font-semibold">{plainText(chosen.name)}</h2>
              <Link
                to="/w/new"
                search={{ workflow: chosen.name, edit: true }}
                className="text-row text-quiet underline underline-offset-2 hover:text-ink touch:py-3"
              >
                Definition
              </Link>
              <Link
                to="/w/starters"
                search={{ add: "schedule", workflow: chosen.name }}
                className="text-row text-quiet underline underline-offset-2 hover:text-ink touch:py-3"
              >
                By the clock
              </Link>
              <Link
                to="/w"
                search={{ workflow: chosen.name }}
                className="text-row text-quiet underline underline-offset-2 hover:text-ink touch:py-3"
              >
                Its runs
              </Link>
            </div>
            <StartForm
              key={`${chosen.name} ${chosen.hash}`}
              definition={chosen.definition as WorkflowDefinition}
              dir={dir}
            />
          </section>
        )}
        {(edit || empty) && (known === null || workflow === undefined || chosen) && known !== null && (
          <Suspense fallback={<p className="text-quiet">Opening the editor…</p>}>
            <DefinitionEditor key={chosen?.hash ?? "new"} source={chosen?.source ?? FIRST} onKept={onKept} />
          </Suspense>
        )}
      </div>
    </div>
  )
}

function Choice({ workflow, chosen }: { readonly workflow: KnownWorkflow; readonly chosen: boolean }) {
  const { name, definition } = workflow
  return (
    <li>
      <Link
        to="/w/new"
        search={{ workflow: name }}
        aria-current={chosen ? "true" : undefined}
        className={clsx(
          "flex min-h-10 flex-wrap items-center gap-x-3 px-3 py-2 text-row hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-12",
          chosen && "bg-sunken",
        )}
      >
        <span className="font-medium">{plainText(name)}</span>
        <span className="min-w-0 flex-1 truncate text-quiet">{plainText(definition.description ?? "")}</span>
        <span className="text-note text-quiet figures">{definition.steps.length} steps</span>
      </Link>
    </li>
  )
}
