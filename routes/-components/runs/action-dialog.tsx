import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, type ReactNode, useId, useState } from "react"
import { errorText } from "#streams/error-text"
import type { RunId } from "#streams/ids"
import type { StepId } from "#streams/workflow/step-id"
import { placeOf } from "#streams/workflow/step-place"
import { plainText } from "../../-app/hidden-characters.ts"
import type { RunAction } from "../../-app/run-actions.ts"
import { openRunApi } from "../../-app/run-api.ts"
import type { LiveRun } from "../../-app/run-store.ts"
import { bodyIn, stepTitle } from "../../-app/run-words.ts"
import { inputsOf, jsonOrText, type Typed, typedOf, wrongIn } from "../../-app/start-form.ts"
import { stepFieldsOf, stepInputOf } from "../../-app/step-form.ts"
import { toast } from "../../-app/toast.ts"
import { useAttemptKey } from "../../-app/use-attempt-key.ts"
import { usePreview } from "../../-app/use-preview.ts"
import { Dialog } from "../dialog.tsx"
import { DialogAlert, DialogForm } from "../dialog-form.tsx"
import { Field } from "../form-field.tsx"
import { InputFields } from "./input-fields.tsx"
import { PreviewList } from "./preview-list.tsx"
import { StepFields } from "./step-fields.tsx"

/** Asks before something is done to a run, and shows what it would make run. */
export default function ActionDialog(props: {
  readonly runId: RunId
  readonly live: LiveRun
  readonly action: RunAction
  readonly onClose: () => void
}) {
  const { runId, live, action, onClose } = props
  const { header, plan } = live
  const navigate = useNavigate()
  const id = useId()
  const keyOf = useAttemptKey()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [text, setText] = useState("")
  const [interrupt, setInterrupt] = useState(false)
  const [edited, setEdited] = useState<Readonly<Record<string, string>>>({})
  const declared = plan?.definition.inputs ?? {}
  const [typed, setTyped] = useState<Typed>(() => typedOf(declared, header?.inputs))
  const previewed = action.type === "pause" || action.type === "cancel" ? null : action
  const { preview, problem: unknown } = usePreview(runId, previewed, `${header?.epoch}.${header?.n}`)
  const stepId = "stepId" in action ? action.stepId : null
  const step = stepId === null ? undefined : live.steps.get(stepId)
  const body = stepId === null ? undefined : bodyIn(plan, stepId)
  const saysAnew = action.type === "retry" || action.type === "fork"
  const fields = saysAnew && body !== undefined ? stepFieldsOf(body, step?.input ?? null) : []

  /** Does it, and says what was done. */
  const act = async (): Promise<string> => {
    const api = openRunApi(location.origin)
    const of = { runId, idempotencyKey: keyOf({ action, text, interrupt, edited, typed }) }
    const told = () => {
      const read = stepInputOf(fields, edited)
      if ("wrong" in read) throw new Error(read.wrong.message)
      return read.input && { input: read.input }
    }
    switch (action.type) {
      case "resume":
        await api.resume(of)
        return "The run goes on"
      case "resume_from":
        await api.resume({ ...of, from: action.stepId })
        return `${stepTitle(action.stepId)} is done again`
      case "retry":
        await api.retryStep({ ...of, stepId: action.stepId, ...told() })
        return `${stepTitle(action.stepId)} is tried again`
      case "skip": {
        const output = jsonOrText(text)
        await api.skipStep({ ...of, stepId: action.stepId, ...(output !== undefined && { output }) })
        return `${stepTitle(action.stepId)} is skipped`
      }
      case "fork": {
        const inputs = inputsOf(declared, typed)
        const forked = await api.fork({ ...of, from: action.stepId, inputs, ...told() })
        await navigate({ to: "/w/$runId", params: { runId: forked.runId } })
        return "This is the fork"
      }
      case "pause":
        await api.pause({ ...of, interrupt })
        return "The run pauses"
      case "cancel":
        await api.cancel({ ...of, ...(text.trim() !== "" && { reason: text.trim() }) })
        return "The run is being cancelled"
    }
  }
  const wrong = action.type === "fork" && plan !== null ? wrongIn(plan.definition, typed) : {}
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      toast(await act())
      onClose()
    } catch (error) {
      setProblem(errorText(error))
      setBusy(false)
    }
  }
  const { title, detail, confirm } = wordsOf(action)
  const refused = preview?.refused ?? null
  const blocked =
    refused !== null || Object.keys(wrong).length > 0 || (previewed !== null && preview === null)
  return (
    <Dialog label={title} onClose={onClose} className="w-[min(36rem,calc(100vw-1.5rem))]">
      <DialogForm
        title={title}
        leave="Leave it"
        confirm={busy ? "Asking…" : confirm}
        disabled={busy || blocked}
        problem={problem ?? unknown}
        onSubmit={submit}
        onLeave={onClose}
        height="max-h-[min(80dvh,44rem)]"
      >
        <p className="text-quiet">{detail}</p>
        {previewed !== null && preview === null && unknown === null && (
          <p className="text-quiet">Looking what would run…</p>
        )}
        {preview !== null && refused === null && <PreviewList preview={preview} />}
        {refused !== null && (
          <DialogAlert>
            {refused.message} {refused.hint}
          </DialogAlert>
        )}
        {action.type === "fork" && Object.keys(declared).length > 0 && (
          <Group title="Inputs of the run">
            <InputFields
              declared={declared}
              typed={typed}
              wrong={wrong}
              onType={(name, value) => setTyped((now) => ({ ...now, [name]: value }))}
            />
          </Group>
        )}
        {fields.length > 0 && (
          <Group title={`What ${nameOf(stepId ?? "")} is told`}>
            <StepFields
              fields={fields}
              edited={edited}
              onEdit={(name, value) => setEdited((now) => ({ ...now, [name]: value }))}
            />
          </Group>
        )}
        {action.type === "skip" && (
          <Field
            label="Output"
            htmlFor={`${id}-text`}
            hint="Text or JSON: what the step is taken to have given. Empty: nothing, and whoever needs it fails."
          >
            <textarea
              id={`${id}-text`}
              className="field resize-y font-mono text-row!"
              rows={3}
              value={text}
              onChange={({ target: { value } }) => setText(value)}
            />
          </Field>
        )}
        {action.type === "cancel" && (
          <Field label="Reason" htmlFor={`${id}-text`} hint="Kept with the run. It may be left empty.">
            <input
              id={`${id}-text`}
              className="field"
              maxLength={4000}
              value={text}
              onChange={({ target: { value } }) => setText(value)}
            />
          </Field>
        )}
        {action.type === "pause" && <PauseChoice interrupt={interrupt} onChoose={setInterrupt} />}
      </DialogForm>
    </Dialog>
  )
}

const Group = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <fieldset className="flex min-w-0 flex-col gap-3">
    <legend className="mt-1 mb-3 font-semibold">{title}</legend>
    {children}
  </fieldset>
)

function PauseChoice(props: {
  readonly interrupt: boolean
  readonly onChoose: (interrupt: boolean) => void
}) {
  const choices = [
    [false, "Let what runs finish", "Nothing new starts meanwhile."],
    [true, "End what runs now", "It is done again when the run goes on."],
  ] as const
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="sr-only">What becomes of steps that run</legend>
      {choices.map(([value, title, detail]) => (
        <label key={title} className="flex items-start gap-2.5 touch:min-h-11">
          <input
            type="radio"
            name="interrupt"
            className="mt-0.5 size-4 accent-accent"
            checked={props.interrupt === value}
            onChange={() => props.onChoose(value)}
          />
          <span>
            <span className="font-medium">{title}</span>
            <span className="block text-note text-quiet">{detail}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

function wordsOf(action: RunAction): {
  readonly title: string
  readonly detail: string
  readonly confirm: string
} {
  const name = "stepId" in action ? nameOf(action.stepId) : ""
  switch (action.type) {
    case "resume":
      return {
        title: "Resume the run",
        detail: "Steps that failed are tried again. What is done stays as it is.",
        confirm: "Resume",
      }
    case "resume_from":
      return {
        title: `Do ${name} again`,
        detail: "It and all that comes after it runs again. What they gave before stays in the log.",
        confirm: "Do again",
      }
    case "retry":
      return {
        title: `Retry ${name}`,
        detail: "What you change here counts from now on, in this run alone.",
        confirm: "Retry",
      }
    case "skip":
      return { title: `Skip ${name}`, detail: "The run goes on without it.", confirm: "Skip" }
    case "fork":
      return {
        title: `Fork from ${name}`,
        detail:
          "A new run that has what the steps before it gave, and does the rest. What you change counts there; this one stays as it is.",
        confirm: "Fork",
      }
    case "pause":
      return { title: "Pause the run", detail: "It goes on when you resume it.", confirm: "Pause" }
    case "cancel":
      return {
        title: "Cancel the run",
        detail: "All that runs for it is ended. It cannot be resumed, only forked.",
        confirm: "Cancel the run",
      }
  }
}

const nameOf = (stepId: StepId): string =>
  plainText(placeOf(stepId).index === null ? stepId : stepTitle(stepId))
