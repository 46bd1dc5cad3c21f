import type { RunId } from "#streams/ids"
import type { StepState } from "#streams/workflow/run"
import { useNow } from "../../-app/clock.ts"
import { shortSpan } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { ACTION_WORDS, type RunAction, stepActionsOf } from "../../-app/run-actions.ts"
import type { LiveRun } from "../../-app/run-store.ts"
import { bodyIn, stepTitle } from "../../-app/run-words.ts"
import { Attempts } from "./attempts.tsx"
import { OutputView, Pre } from "./output-view.tsx"
import { WaitingForm } from "./waiting-form.tsx"

/** All there is to know of a step, and what can be done about it. */
export function StepDetail(props: {
  readonly runId: RunId
  readonly live: LiveRun
  readonly step: StepState
  readonly onAct: (action: RunAction) => void
}) {
  const { runId, live, step, onAct } = props
  const { header, plan } = live
  const { stepId, error, status, retryAt } = step
  const body = bodyIn(plan, stepId)
  if (header === null) return null
  return (
    <div className="flex flex-col gap-3">
      <WaitingForm runId={runId} step={step} />
      {error !== null && (status === "failed" || retryAt !== null) && (
        <div className="rounded-md bg-fail-tint px-3 py-2 text-row text-fail [overflow-wrap:anywhere]">
          <p className="font-medium">{plainText(error.message)}</p>
          {error.hint !== undefined && <p>{plainText(error.hint)}</p>}
          {retryAt !== null && <Due retryAt={retryAt} />}
          <p className="mt-1 font-mono text-note">{error.code}</p>
        </div>
      )}
      <div className="flex flex-wrap gap-2">
        {stepActionsOf(header, step).map((type) => (
          <button
            key={type}
            type="button"
            className="control"
            aria-label={`${ACTION_WORDS[type]}: ${stepTitle(stepId)}`}
            onClick={() => onAct({ type, stepId })}
          >
            {ACTION_WORDS[type]}…
          </button>
        ))}
      </div>
      <OutputView
        key={`${step.generation}/${step.attempt}`}
        runId={runId}
        stepId={stepId}
        output={step.output}
      />
      <Attempts step={step} />
      {body !== undefined && (
        <details className="text-row">
          <summary className="w-fit cursor-pointer text-note font-medium text-quiet hover:text-ink touch:py-3">
            What it does
          </summary>
          <div className="mt-1">
            {body.description !== undefined && <p className="mb-1">{plainText(body.description)}</p>}
            <Pre label="Definition of the step" text={definitionText({ ...body, ...step.input })} />
          </div>
        </details>
      )}
    </div>
  )
}

function Due({ retryAt }: { readonly retryAt: string }) {
  const left = Date.parse(retryAt) - useNow()
  return <p className="figures">Tried again {left > 0 ? `in ${shortSpan(left + 999)}` : "now"}.</p>
}

/** Field by field, texts as they were written. */
const definitionText = (body: Readonly<Record<string, unknown>>): string =>
  Object.entries(body)
    .filter(([name]) => name !== "id" && name !== "description")
    .map(([name, value]) => {
      const text = typeof value === "string" ? value.trimEnd() : JSON.stringify(value, null, 2)
      return text.includes("\n") ? `${name}:\n${text.replace(/^/gm, "  ")}` : `${name}: ${text}`
    })
    .join("\n")
