import { Link } from "@tanstack/react-router"
import type { RunEntry } from "#streams/workflow/registry"
import { shortPath } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { useLiveRun } from "../../-app/live-runs.ts"
import { stepTitle } from "../../-app/run-words.ts"
import { WaitingForm } from "./waiting-form.tsx"

const MOST = 5

/** What a run asks of a person. What a session of it asks stands with the sessions. */
export function RunQuestions({ entry }: { readonly entry: RunEntry }) {
  const { runId, workflow, workingDir } = entry
  const { header, steps, connection } = useLiveRun(runId)
  const asking = [...steps.values()].filter(
    ({ waitingFor }) => waitingFor?.type === "approval" || waitingFor?.type === "signal",
  )
  if (header !== null && asking.length === 0) return null
  return (
    <li className="overflow-hidden rounded-lg border border-line">
      <div className="flex items-baseline gap-3 border-b border-line bg-raised px-3 py-1.5 text-row">
        <Link
          to="/w/$runId"
          params={{ runId }}
          className="walk min-w-0 flex-1 truncate font-medium hover:underline touch:py-2"
        >
          {plainText(workflow)}
        </Link>
        <span className="shrink-0 text-note text-quiet">workflow</span>
        <span className="min-w-0 truncate font-mono text-note text-quiet max-sm:hidden">
          {shortPath(plainText(workingDir), 30)}
        </span>
      </div>
      {header === null ? (
        <p className="px-3 py-2.5 text-row text-quiet">
          {connection.state === "reconnecting" ? "The agentz server does not answer." : "Reading…"}
        </p>
      ) : (
        asking.slice(0, MOST).map((step) => (
          <section
            key={step.stepId}
            aria-label={`Step ${stepTitle(step.stepId)}`}
            className="flex flex-col gap-1.5 px-3 py-2.5"
          >
            <h2 className="text-note text-quiet">
              Step <span className="font-mono">{stepTitle(step.stepId)}</span>
            </h2>
            <WaitingForm runId={runId} step={step} />
          </section>
        ))
      )}
      {asking.length > MOST && (
        <p className="px-3 pb-2.5 text-note text-quiet">{asking.length - MOST} more steps of it ask.</p>
      )}
    </li>
  )
}
