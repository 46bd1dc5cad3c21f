import { X } from "lucide-react"
import { lazy, Suspense, useState } from "react"
import type { RunId } from "#streams/ids"
import type { StepId } from "#streams/workflow/step-id"
import { placeOf } from "#streams/workflow/step-place"
import { plainText } from "../../-app/hidden-characters.ts"
import type { RunHeader as Header } from "../../-app/protocol.ts"
import type { RunAction } from "../../-app/run-actions.ts"
import { runStateIn } from "../../-app/run-order.ts"
import type { LiveRun } from "../../-app/run-store.ts"
import { KINDS, stepIn, stepMarkOf, stepTitle } from "../../-app/run-words.ts"
import { BudgetForm } from "./budget-form.tsx"
import { OutputView, Pre } from "./output-view.tsx"
import { RunHeader } from "./run-header.tsx"
import { StepMark } from "./run-mark.tsx"
import { StepDetail } from "./step-detail.tsx"
import { StepList } from "./step-list.tsx"
import { useRunCommands } from "./use-run-commands.ts"

const RunGraph = lazy(() => import("./run-graph.tsx"))
const ActionDialog = lazy(() => import("./action-dialog.tsx"))

export type RunViewName = "graph" | "list"

/** A run: its steps as a list or as a graph, the one that is chosen with all there is to know of it. */
export function RunPage(props: {
  readonly runId: RunId
  readonly live: LiveRun
  readonly header: Header
  readonly selected: StepId | null
  readonly view: RunViewName
  readonly onSelect: (stepId: StepId | null) => void
  readonly onView: (view: RunViewName) => void
}) {
  const { runId, live, header, selected, view, onSelect, onView } = props
  const { plan, steps, connection } = live
  const [action, setAction] = useState<RunAction | null>(null)
  useRunCommands({ header, steps, selected, view, onSelect, onView, onAct: setAction })
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <RunHeader
        {...{ runId, header, plan, steps, connection, view, onView }}
        state={runStateIn(header, steps)}
        onAct={setAction}
      />
      <Announced live={live} />
      {view === "graph" && plan !== null ? (
        <div className="flex min-h-0 flex-1 max-lg:flex-col">
          <Suspense fallback={<p className="flex-1 px-4 py-6 text-quiet">Drawing the graph…</p>}>
            <RunGraph plan={plan} steps={steps} selected={selected} onSelect={onSelect} />
          </Suspense>
          <Beside {...props} onAct={setAction} />
        </div>
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto">
          <div className="mx-auto flex w-full max-w-3xl flex-col gap-4 px-3 py-4 sm:px-4 sm:py-6">
            <Ending {...props} onAct={setAction} />
            <StepList {...{ runId, live, selected, onSelect }} onAct={setAction} />
            <OutputView runId={runId} output={header.output} />
            <InputsView inputs={header.inputs} />
          </div>
        </div>
      )}
      <Suspense>
        {action !== null && (
          <ActionDialog
            key={JSON.stringify(action)}
            runId={runId}
            live={live}
            action={action}
            onClose={() => setAction(null)}
          />
        )}
      </Suspense>
    </div>
  )
}

type Shown = Parameters<typeof RunPage>[0] & { readonly onAct: (action: RunAction) => void }

/** Beside the graph: the step that is chosen, or how the run as a whole stands. */
function Beside(props: Shown) {
  const { runId, live, header, selected, onSelect, onAct } = props
  const step = selected === null ? undefined : live.steps.get(selected)
  const kind = selected === null ? undefined : stepIn(live.plan, selected)?.kind
  const isMap = step?.items != null && step.place.index === null
  return (
    <aside
      aria-label={step === undefined ? "The run" : `Step ${stepTitle(step.stepId)}`}
      className="min-h-0 overflow-y-auto border-line px-4 py-3 max-lg:max-h-[50%] max-lg:border-t lg:w-[26rem] lg:border-l"
    >
      {step === undefined ? (
        <div className="flex flex-col gap-4">
          <Ending {...props} />
          <p className="text-row text-quiet">
            {header.status === "completed" ? "Every step has ended." : "Choose a step to see what it does."}
          </p>
          <OutputView runId={runId} output={header.output} />
          <InputsView inputs={header.inputs} />
        </div>
      ) : (
        <>
          <div className="mb-3 flex min-h-8 items-center gap-3">
            <h2 className="min-w-0 truncate font-semibold">{stepTitle(step.stepId)}</h2>
            {kind !== undefined && <span className="text-note text-quiet">{KINDS[kind]}</span>}
            <StepMark name={stepMarkOf(step)} className="text-row" />
            <button
              type="button"
              className="ml-auto grid size-8 shrink-0 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
              aria-label="Close the step"
              onClick={() => onSelect(null)}
            >
              <X size={16} aria-hidden />
            </button>
          </div>
          <StepDetail runId={runId} live={live} step={step} onAct={onAct} />
          {isMap && (
            <button type="button" className="control mt-3" onClick={() => props.onView("list")}>
              Show its items in the list
            </button>
          )}
        </>
      )}
    </aside>
  )
}

/** Why the run stands still, where it does. */
function Ending({ runId, header, onSelect, onAct }: Shown) {
  const { error, failedStep, budget, budgetReached, cancelReason, status } = header
  if (status === "failed" && error !== null)
    return (
      <div
        role="status"
        className="rounded-md bg-fail-tint px-3 py-2 text-row text-fail [overflow-wrap:anywhere]"
      >
        <p className="font-medium">{plainText(error.message)}</p>
        {error.hint !== undefined && <p>{plainText(error.hint)}</p>}
        <div className="mt-2 flex flex-wrap gap-2">
          {failedStep !== null && (
            <button type="button" className="control" onClick={() => onSelect(failedStep)}>
              Show {stepTitle(failedStep)}
            </button>
          )}
          {failedStep !== null && (
            <button
              type="button"
              className="control"
              onClick={() => onAct({ type: "retry", stepId: failedStep })}
            >
              Retry it with other input…
            </button>
          )}
        </div>
      </div>
    )
  if (budgetReached !== null) return <BudgetForm runId={runId} budget={budget} reached={budgetReached} />
  if (status === "cancelled")
    return (
      <p role="status" className="text-row text-quiet">
        The run was cancelled{cancelReason === null ? "." : `: ${plainText(cancelReason)}`}
      </p>
    )
  return null
}

function InputsView({ inputs }: Pick<Header, "inputs">) {
  if (Object.keys(inputs).length === 0) return null
  const text = Object.entries(inputs)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n")
  return (
    <section aria-label="Inputs" className="flex flex-col gap-1">
      <h2 className="text-note font-medium text-quiet">Inputs</h2>
      <Pre label="What it was started with" text={text} />
    </section>
  )
}

/** Says in words what a step or the run has come to, for those who do not see it. */
function Announced({ live }: { readonly live: LiveRun }) {
  const own = [...live.steps.values()].filter(({ stepId }) => placeOf(stepId).index === null)
  const asks = own.filter((step) => stepMarkOf(step) === "needs").map(({ stepId }) => stepId)
  const failed = own.filter(({ status }) => status === "failed").map(({ stepId }) => stepId)
  return (
    <p className="sr-only" aria-live="polite">
      {live.header?.status === "completed" && "The run is done. "}
      {asks.length > 0 && `Needs you: ${asks.join(", ")}. `}
      {failed.length > 0 && `Failed: ${failed.join(", ")}.`}
    </p>
  )
}
