import { Link } from "@tanstack/react-router"
import type { SessionId } from "#streams/ids"
import type { Attempt, StepState } from "#streams/workflow/run"
import { useNow } from "../../-app/clock.ts"
import { clockTime, costText, shortCount, shortSpan, withoutMarks } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { useListed } from "../../-app/live.ts"
import { outcomeText } from "../../-app/run-words.ts"

/** Every attempt at a step, the newest first, each with the session or run that it was. */
export function Attempts({ step }: { readonly step: StepState }) {
  const { attempts } = step
  if (attempts.length === 0) return null
  return (
    <section aria-label="Attempts">
      <h3 className="mb-1 text-note font-medium text-quiet">
        {attempts.length === 1 ? "Attempt" : `${attempts.length} attempts`}
        {step.recoveries > 0 && `, ${step.recoveries} lost with a process of ours`}
      </h3>
      <ol className="divide-y divide-line rounded-md border border-line text-row" reversed>
        {[...attempts].reverse().map((attempt) => (
          <li key={`${attempt.generation}/${attempt.attempt}`} className="flex flex-col gap-0.5 px-3 py-1.5">
            <Line attempt={attempt} current={step.generation} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function Line({ attempt, current }: { readonly attempt: Attempt; readonly current: number }) {
  const { sessionId, childRunId, startedAt, error, exitCode, usage, outcome, generation } = attempt
  const look = "font-mono text-note underline underline-offset-2 touch:py-3"
  return (
    <>
      <div className="flex flex-wrap items-baseline gap-x-3">
        <span className={outcome === "failed" ? "font-medium text-fail" : "font-medium"}>
          {attempt.attempt}. {outcomeText(attempt)}
        </span>
        <span className="text-note text-quiet figures">
          {clockTime(startedAt)}, <Span attempt={attempt} />
        </span>
        {generation < current && <span className="text-note text-quiet">before it was done again</span>}
        {exitCode !== null && <span className="text-note text-quiet figures">exit {exitCode}</span>}
        {usage !== null && (
          <span className="text-note text-quiet figures">
            {shortCount(usage.inputTokens + usage.outputTokens)} tokens
            {usage.costUsd !== undefined && usage.costUsd > 0 && `, ${costText(usage.costUsd)}`}
          </span>
        )}
        <span className="ml-auto">
          {sessionId !== null && (
            <Link to="/s/$sessionId" params={{ sessionId }} className={look}>
              {sessionId}
            </Link>
          )}
          {childRunId !== null && (
            <Link to="/w/$runId" params={{ runId: childRunId }} className={look}>
              {childRunId}
            </Link>
          )}
        </span>
      </div>
      {outcome === "open" && sessionId !== null && <LastLine sessionId={sessionId} />}
      {error !== null && (
        <p className="text-note text-quiet [overflow-wrap:anywhere]">
          {plainText(error.message)} {error.hint !== undefined && plainText(error.hint)}
        </p>
      )}
    </>
  )
}

function Span({ attempt }: { readonly attempt: Attempt }) {
  const now = useNow()
  const end = attempt.endedAt === null ? now : Date.parse(attempt.endedAt)
  return <>{shortSpan(end - Date.parse(attempt.startedAt))}</>
}

/** What the session said last, as it says it. */
function LastLine({ sessionId }: { readonly sessionId: SessionId }) {
  const line = useListed(({ entries }) => entries.get(sessionId)?.activity?.lastLine)
  if (!line) return null
  return <p className="truncate text-note text-quiet">{plainText(withoutMarks(line))}</p>
}
