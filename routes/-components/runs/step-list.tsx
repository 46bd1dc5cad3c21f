import clsx from "clsx"
import { ChevronRight } from "lucide-react"
import { useState } from "react"
import type { RunId } from "#streams/ids"
import type { StepState } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { placeOf } from "#streams/workflow/step-place"
import { useNow } from "../../-app/clock.ts"
import { plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import type { RunAction } from "../../-app/run-actions.ts"
import type { LiveRun } from "../../-app/run-store.ts"
import { KINDS, noteOf, stepIn, stepMarkOf, stepTitle } from "../../-app/run-words.ts"
import { StepMark } from "./run-mark.tsx"
import { StepDetail } from "./step-detail.tsx"

interface Shown {
  readonly runId: RunId
  readonly live: LiveRun
  readonly selected: StepId | null
  readonly onSelect: (stepId: StepId | null) => void
  readonly onAct: (action: RunAction) => void
}

const ITEMS = 50

/** The steps of a run in their order. One is open; of an open map its items stand below it. */
export function StepList(props: Shown) {
  const { live, selected } = props
  const steps = [...live.steps.values()]
  const open = selected === null ? null : placeOf(selected).id
  return (
    <ol aria-label="Steps" className="divide-y divide-line rounded-lg border border-line">
      {steps
        .filter(({ place }) => place.index === null)
        .map((step) => (
          <li key={step.stepId}>
            <Row {...props} step={step} />
            {open === step.stepId && step.items !== null && (
              <Items
                {...props}
                items={steps.filter(({ place }) => place.id === step.stepId && place.index !== null)}
              />
            )}
          </li>
        ))}
    </ol>
  )
}

function Items({ items, ...props }: Shown & { readonly items: readonly StepState[] }) {
  const at = props.selected === null ? 0 : (placeOf(props.selected).index ?? 0)
  const [shown, setShown] = useState(Math.max(ITEMS, at + 1))
  return (
    <>
      <ol aria-label="Items" className="divide-y divide-line border-t border-line pl-4 sm:pl-6">
        {items.slice(0, shown).map((step) => (
          <li key={step.stepId}>
            <Row {...props} step={step} />
          </li>
        ))}
      </ol>
      {items.length > shown && (
        <button type="button" className="control m-3" onClick={() => setShown(shown + ITEMS)}>
          Show {plural(Math.min(ITEMS, items.length - shown), "more item")}
        </button>
      )}
    </>
  )
}

function Row({ step, ...props }: Shown & { readonly step: StepState }) {
  const { runId, live, selected, onSelect, onAct } = props
  const { stepId } = step
  const open = selected === stepId
  const kind = stepIn(live.plan, stepId)?.kind
  const detail = `step-${stepId.replace("/", "-")}`
  return (
    <>
      <h2>
        <button
          type="button"
          className="step-row flex min-h-10 w-full flex-wrap items-center gap-x-3 px-3 py-1.5 text-left text-row hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-12"
          aria-expanded={open}
          aria-controls={open ? detail : undefined}
          onClick={() => onSelect(open ? null : stepId)}
        >
          <ChevronRight
            size={14}
            aria-hidden
            className={clsx("shrink-0 text-quiet transition-transform", open && "rotate-90")}
          />
          <span className="min-w-0 truncate font-medium">{stepTitle(stepId)}</span>
          {kind !== undefined && step.place.index === null && (
            <span className="text-note text-quiet">{KINDS[kind]}</span>
          )}
          {step.attempt > 1 && <span className="text-note text-quiet figures">attempt {step.attempt}</span>}
          <StepMark name={stepMarkOf(step)} className="ml-auto" />
          {!open && <Note step={step} />}
        </button>
      </h2>
      {open && (
        <div id={detail} className="px-3 pt-1 pb-4 sm:pl-9.5">
          <StepDetail runId={runId} live={live} step={step} onAct={onAct} />
        </div>
      )}
    </>
  )
}

function Note({ step }: { readonly step: StepState }) {
  const note = noteOf(step, useNow(step.retryAt === null ? 3_600_000 : 1_000))
  if (note === "") return null
  return <span className="basis-full truncate pl-6.5 text-note text-quiet">{plainText(note)}</span>
}
