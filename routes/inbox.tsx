import { createFileRoute, Link } from "@tanstack/react-router"
import { useEffect, useMemo, useRef, useState } from "react"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { giveAnswer, useHeldAnswers } from "./-app/answers.ts"
import { openApi } from "./-app/api.ts"
import { useCommands } from "./-app/commands.ts"
import { shortPath, shortSpan } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { useLiveSession, useSessionList } from "./-app/live.ts"
import { useRunList } from "./-app/live-runs.ts"
import { usePageTitle } from "./-app/page-title.ts"
import { refusalOf } from "./-app/refusal.ts"
import { asksItself, runStateOf, sortRuns } from "./-app/run-order.ts"
import { changedAt, sortSessions } from "./-app/session-order.ts"
import { toast } from "./-app/toast.ts"
import { moveFocus } from "./-app/walk.ts"
import { ApprovalCard, Asked } from "./-components/approval-card.tsx"
import { Folds, foldState } from "./-components/fold.tsx"
import { RunQuestions } from "./-components/runs/run-questions.tsx"
import { StateMark } from "./-components/state-mark.tsx"
import { WorkingDir } from "./-components/working-dir.ts"

export const Route = createFileRoute("/inbox")({ component: Inbox })

// Each one is a live stream; who has more than this answers some first.
const MOST = 20

/** Everything that waits for a person, across all sessions and runs. */
function Inbox() {
  usePageTitle("Inbox")
  const { entries, loaded, connection } = useSessionList()
  const [folds] = useState(() => foldState())
  const list = useRef<HTMLDivElement>(null)
  const all = useMemo(() => sortSessions(entries.values()), [entries])
  const asking = all.filter(({ activity }) => (activity?.approvals ?? 0) > 0)
  const runs = useRunList()
  const askingRuns = useMemo(
    () => sortRuns(runs.entries.values()).filter((run) => runStateOf(run) === "waiting" && asksItself(run)),
    [runs.entries],
  )
  const stopped = all.filter(
    ({ status, activity }) => status === "interrupted" && (activity?.approvals ?? 0) === 0,
  )
  useCommands("page", [
    {
      id: "down",
      group: "View",
      title: "Next question",
      run: () => moveFocus(list.current, ".walk", 1),
    },
    {
      id: "up",
      group: "View",
      title: "Previous question",
      run: () => moveFocus(list.current, ".walk", -1),
    },
  ])

  // What was answered leaves, and the focus goes on to the next one instead of nowhere.
  const first = asking[0]?.sessionId
  const answered = useHeldAnswers().length
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each answer too
  useEffect(() => {
    if (first !== undefined && document.activeElement === document.body) moveFocus(list.current, ".walk", 1)
  }, [first, answered])

  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div ref={list} className="mx-auto w-full max-w-3xl px-3 py-5 sm:px-4 sm:py-8">
        <h1 className="mb-4 text-xl font-semibold tracking-tight">Inbox</h1>
        {!loaded ? (
          <p className="text-quiet">
            {connection.state === "reconnecting" ? "The agentz server does not answer." : "Reading…"}
          </p>
        ) : (
          asking.length + askingRuns.length === 0 && <p className="text-quiet">Nothing needs you.</p>
        )}
        <Folds value={folds}>
          <ul className="flex flex-col gap-4" aria-label="Questions">
            {asking.slice(0, MOST).map((entry) => (
              <Questions key={entry.sessionId} entry={entry} />
            ))}
            {askingRuns.slice(0, MOST).map((entry) => (
              <RunQuestions key={entry.runId} entry={entry} />
            ))}
          </ul>
        </Folds>
        {asking.length > MOST && (
          <p className="mt-4 text-quiet">{asking.length - MOST} more sessions ask; these come first.</p>
        )}
        {askingRuns.length > MOST && (
          <p className="mt-4 text-quiet">{askingRuns.length - MOST} more runs ask; these come first.</p>
        )}
        {stopped.length > 0 && (
          <section aria-label="Interrupted" className="mt-8">
            <h2 className="mb-2 text-row font-medium text-quiet">Interrupted, and can be resumed</h2>
            <ul className="divide-y divide-line rounded-md border border-line">
              {stopped.slice(0, MOST).map((entry) => (
                <Interrupted key={entry.sessionId} entry={entry} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  )
}

function Questions({ entry }: { readonly entry: RegistryEntry }) {
  const { sessionId } = entry
  const { header, connection } = useLiveSession(sessionId)
  const box = useRef<HTMLElement>(null)
  const held = useHeldAnswers()
  const open = header?.approvals.filter(({ requestId }) =>
    held.every((one) => one.request.requestId !== requestId),
  )
  const request = open?.[0]
  // All of it is answered, and only waits to be sent.
  if (header && open?.length === 0 && header.approvals.length > 0) return null
  return (
    <li className="overflow-hidden rounded-lg border border-line">
      <div className="flex items-baseline gap-3 border-b border-line bg-raised px-3 py-1.5 text-row">
        <Link
          to="/s/$sessionId"
          params={{ sessionId }}
          className="min-w-0 flex-1 truncate font-medium hover:underline touch:py-2"
        >
          {plainText(entry.title)}
        </Link>
        <span className="shrink-0 text-note text-quiet">{entry.agentType}</span>
        <span className="min-w-0 truncate font-mono text-note text-quiet max-sm:hidden">
          {shortPath(plainText(entry.workingDir), 30)}
        </span>
      </div>
      <WorkingDir value={entry.workingDir}>
        {request ? (
          <ApprovalCard
            key={request.requestId}
            ref={box}
            label={`Approval: ${entry.title}`}
            request={request}
            running={header !== null && needsDaemon(header.status)}
            onDecide={async (asked, answer) => {
              const outcome = await giveAnswer(sessionId, asked, answer)
              // Its card went when it was answered, and one that is there again knows nothing of it.
              if (outcome.type === "refused") toast(outcome.problem)
              return outcome
            }}
            className="walk flex flex-col gap-2 px-3 py-2.5 focus-visible:-outline-offset-2"
            heading={
              <h2 className="flex items-baseline gap-2 text-row">
                <span className="font-semibold text-needs">Needs you</span>
                <Asked request={request} />
                {open && open.length > 1 && (
                  <span className="text-note text-quiet figures">1 of {open.length}</span>
                )}
              </h2>
            }
          />
        ) : (
          <p className="px-3 py-2.5 text-row text-quiet">
            {connection.state === "reconnecting" ? "The agentz server does not answer." : "Reading…"}
          </p>
        )}
      </WorkingDir>
    </li>
  )
}

function Interrupted({ entry }: { readonly entry: RegistryEntry }) {
  const { sessionId } = entry
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const resume = async () => {
    setBusy(true)
    setProblem(null)
    await openApi(location.origin)
      .resume({ sessionId })
      .catch((error) => setProblem(refusalOf(error).message))
    setBusy(false)
  }
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5 text-row">
      <StateMark status={entry.status} />
      <Link
        to="/s/$sessionId"
        params={{ sessionId }}
        className="walk min-w-0 flex-1 truncate font-medium hover:underline touch:py-2"
      >
        {plainText(entry.title)}
      </Link>
      <span className="text-note text-quiet figures">
        {shortSpan(Date.now() - Date.parse(changedAt(entry)))} ago
      </span>
      <button type="button" className="control" disabled={busy} onClick={() => void resume()}>
        {busy ? "Resuming…" : "Resume"}
      </button>
      {problem && (
        <p role="alert" className="basis-full text-fail">
          {problem}
        </p>
      )}
    </li>
  )
}
