import { Link } from "@tanstack/react-router"
import { type FormEvent, type ReactNode, useId, useState } from "react"
import type { RunId } from "#streams/ids"
import type { StepState } from "#streams/workflow/run"
import { useNow } from "../../-app/clock.ts"
import { clockTime, shortSpan } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { problemOf } from "../../-app/refusal.ts"
import { openRunApi } from "../../-app/run-api.ts"
import { jsonOrText } from "../../-app/start-form.ts"
import { toast } from "../../-app/toast.ts"
import { newKey } from "../../-app/use-attempt-key.ts"

/** What a step waits for, with what ends the wait where a person can. */
export function WaitingForm({ runId, step }: { readonly runId: RunId; readonly step: StepState }) {
  const { waitingFor } = step
  switch (waitingFor?.type) {
    case "approval":
      return (
        <Approval
          key={`${step.generation}/${step.attempt}`}
          runId={runId}
          step={step}
          question={waitingFor.question}
          choices={waitingFor.choices}
        />
      )
    case "signal":
      return <SignalForm runId={runId} name={waitingFor.name} />
    case "session":
      return (
        <Box>
          <p>
            <span className="font-semibold text-needs">Needs you</span>: its session asks something.
          </p>
          <Link
            to="/s/$sessionId"
            params={{ sessionId: waitingFor.sessionId }}
            className="control control-accent w-fit"
          >
            Answer in the session
          </Link>
        </Box>
      )
    case "time":
      return <Until until={waitingFor.until} />
    case "limit":
      return (
        <p className="text-row text-quiet">
          The service of its agent refuses it
          {waitingFor.until === null
            ? ". It goes on when the session does."
            : ` until ${clockTime(waitingFor.until)}; it goes on by itself.`}{" "}
          <Link
            to="/s/$sessionId"
            params={{ sessionId: waitingFor.sessionId }}
            className="text-ink underline underline-offset-2"
          >
            Its session
          </Link>
        </p>
      )
    default:
      return null
  }
}

const Box = ({ children }: { readonly children: ReactNode }) => (
  <div className="flex flex-col gap-2 rounded-md border border-needs-line px-3 py-2.5 text-row">
    {children}
  </div>
)

function Until({ until }: { readonly until: string }) {
  const left = Date.parse(until) - useNow()
  return (
    <p className="text-row text-quiet">
      Waits until {new Date(until).toLocaleString()}
      {left > 0 && <span className="figures">, {shortSpan(left)} from now</span>}. Skip it to go on at once.
    </p>
  )
}

/** Sends what a person answers. While it is under way, and where it was refused, it says so. */
function useAnswer(done: string) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [key] = useState(newKey)
  const send = async (act: (key: string) => Promise<unknown>) => {
    setBusy(true)
    setProblem(null)
    const wrong = await problemOf(act(key))
    setProblem(wrong)
    // What was taken stays as it is until the run has moved on.
    if (wrong === null) toast(done)
    else setBusy(false)
  }
  const said = problem !== null && (
    <p role="alert" className="text-fail">
      {plainText(problem)}
    </p>
  )
  return { busy, send, said }
}

function Approval(props: {
  readonly runId: RunId
  readonly step: StepState
  readonly question: string
  readonly choices: readonly string[]
}) {
  const { runId, step, question, choices } = props
  const { stepId, generation, attempt } = step
  const [note, setNote] = useState("")
  const { busy, send, said } = useAnswer("Answered")
  const id = useId()
  const answer = (choice: string) =>
    void send((idempotencyKey) =>
      openRunApi(location.origin).answer({
        runId,
        stepId,
        choice,
        attempt: { generation, attempt },
        ...(note.trim() !== "" && { note: note.trim() }),
        idempotencyKey: `${idempotencyKey} ${choice}`,
      }),
    )
  return (
    <Box>
      <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">
        <span className="font-semibold text-needs">Needs you</span>: {plainText(question)}
      </p>
      <label htmlFor={id} className="sr-only">
        Note to go with the answer
      </label>
      <input
        id={id}
        className="field"
        placeholder="A note, if you like"
        maxLength={4000}
        value={note}
        onChange={({ target: { value } }) => setNote(value)}
      />
      <div className="flex flex-wrap gap-2">
        {choices.map((choice, index) => (
          <button
            key={choice}
            type="button"
            className={index === 0 ? "control control-accent" : "control"}
            disabled={busy}
            onClick={() => answer(choice)}
          >
            {plainText(choice.charAt(0).toUpperCase() + choice.slice(1))}
          </button>
        ))}
      </div>
      {said}
    </Box>
  )
}

function SignalForm({ runId, name }: { readonly runId: RunId; readonly name: string }) {
  const [payload, setPayload] = useState("")
  const { busy, send, said } = useAnswer(`Signal ${name} given`)
  const id = useId()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const value = jsonOrText(payload)
    void send((idempotencyKey) =>
      openRunApi(location.origin).signal({
        runId,
        name,
        ...(value !== undefined && { payload: value }),
        idempotencyKey,
      }),
    )
  }
  return (
    <form
      onSubmit={submit}
      className="flex flex-col gap-2 rounded-md border border-line px-3 py-2.5 text-row"
    >
      <label htmlFor={id}>
        Waits for the signal <span className="font-mono">{name}</span>. Give it, with text or JSON if it is to
        carry some:
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          className="field"
          value={payload}
          onChange={({ target: { value } }) => setPayload(value)}
        />
        <button type="submit" className="control" disabled={busy}>
          Give signal
        </button>
      </div>
      {said}
    </form>
  )
}
