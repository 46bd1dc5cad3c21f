import { type FormEvent, useId, useState } from "react"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { type Refusal, refusalOf } from "../../-app/refusal.ts"
import type { KnownWorkflow } from "../../-app/run-api.ts"
import { openRunApi } from "../../-app/run-api.ts"
import { typedOf } from "../../-app/start-form.ts"
import {
  type StartRequest,
  startRequestOf,
  type TypedStart,
  type TypedWhen,
  whenOf,
} from "../../-app/starters.ts"
import { toast } from "../../-app/toast.ts"
import { Field, Problem } from "../form-field.tsx"
import { DirectoryField } from "./directory-field.tsx"
import { InputFields } from "./input-fields.tsx"
import { type NewSecret, SecretNote } from "./secret-note.tsx"
import { WhenFields } from "./when-fields.tsx"

const WORDS = {
  schedule: { title: "New schedule", confirm: "Start it by the clock" },
  webhook: { title: "New webhook", confirm: "Make the webhook" },
} as const

/** Makes a schedule or a webhook: of which workflow, with which inputs, where, and when. */
export function StarterForm(props: {
  readonly kind: "schedule" | "webhook"
  readonly workflows: readonly KnownWorkflow[]
  readonly workflow: string | undefined
  readonly onWorkflow: (name: string) => void
  /** It is there. A webhook has a secret, which is shown until somebody has read it. */
  readonly onMade: () => void
  readonly onClose: () => void
}) {
  const { kind, workflows, workflow, onWorkflow, onMade, onClose } = props
  const id = useId()
  const [secret, setSecret] = useState<NewSecret | null>(null)
  const chosen = workflows.find(({ name }) => name === workflow) ?? workflows[0]
  const { title } = WORDS[kind]
  return (
    <section aria-label={title} className="mb-8 rounded-md border border-line p-4">
      <div className="mb-4 flex items-center gap-3">
        <h2 className="flex-1 font-semibold">{title}</h2>
        <button type="button" className="control" onClick={onClose}>
          Close
        </button>
      </div>
      {secret !== null ? (
        <SecretNote secret={secret} />
      ) : chosen === undefined ? (
        <p className="text-quiet">No workflow is known yet: keep one first, at “Start a run”.</p>
      ) : (
        <div className="flex flex-col gap-5">
          <Field label="Workflow" htmlFor={`${id}-workflow`}>
            <select
              id={`${id}-workflow`}
              className="field"
              value={chosen.name}
              onChange={({ target: { value } }) => onWorkflow(value)}
            >
              {workflows.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </Field>
          <Rest
            key={`${kind} ${chosen.hash}`}
            kind={kind}
            definition={chosen.definition as WorkflowDefinition}
            onMade={(made) => {
              onMade()
              if (made === null) onClose()
              else setSecret(made)
            }}
          />
        </div>
      )}
    </section>
  )
}

/** What depends on the workflow. */
function Rest(props: {
  readonly kind: "schedule" | "webhook"
  readonly definition: WorkflowDefinition
  readonly onMade: (secret: NewSecret | null) => void
}) {
  const { kind, definition, onMade } = props
  const id = useId()
  const declared = definition.inputs ?? {}
  const [start, setStart] = useState<TypedStart>(() => ({ typed: typedOf(declared), dir: "", bodyInput: "" }))
  const [when, setWhen] = useState<TypedWhen>(() => ({
    ...{ kind: "every", every: "1d", cron: "0 3 * * 1-5" },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  }))
  const [overlap, setOverlap] = useState(false)
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({})
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [busy, setBusy] = useState(false)

  const make = async ({ bodyInput, ...request }: StartRequest): Promise<NewSecret | null> => {
    const api = openRunApi(location.origin)
    if (kind === "webhook") {
      const made = await api.addWebhook({ ...request, bodyInput })
      return { address: `${location.origin}/v1/hooks/${made.webhook.webhookId}`, secret: made.secret }
    }
    const said = whenOf(when)
    if (said === null) throw new Error("Say when it is to start runs.")
    const { nextAt } = await api.schedule({ ...request, when: said, overlap: overlap ? "allow" : "skip" })
    toast(nextAt === null ? "It is there" : `It starts the next run at ${new Date(nextAt).toLocaleString()}`)
    return null
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const request = startRequestOf(definition, start)
    setWrong("wrong" in request ? request.wrong : {})
    setRefusal(null)
    if ("wrong" in request || busy) return
    setBusy(true)
    try {
      onMade(await make(request))
    } catch (error) {
      setRefusal(refusalOf(error))
    } finally {
      setBusy(false)
    }
  }
  const { [start.bodyInput]: _, ...typedInputs } = declared
  const names = Object.keys(declared)
  return (
    <form onSubmit={submit} className="flex flex-col gap-5" noValidate aria-label={WORDS[kind].title}>
      {kind === "schedule" && <WhenFields when={when} onWhen={setWhen} />}
      {kind === "webhook" && names.length > 0 && (
        <Field
          label="The body of a request is"
          htmlFor={`${id}-body`}
          hint="As it is for a text, else read as JSON. What it does not say is said below."
        >
          <select
            id={`${id}-body`}
            className="field"
            value={start.bodyInput}
            onChange={({ target: { value } }) => setStart({ ...start, bodyInput: value })}
          >
            <option value="">not used</option>
            {names.map((name) => (
              <option key={name} value={name}>
                the input {name}
              </option>
            ))}
          </select>
        </Field>
      )}
      <InputFields
        declared={typedInputs}
        typed={start.typed}
        wrong={wrong}
        onType={(name, value) => setStart((now) => ({ ...now, typed: { ...now.typed, [name]: value } }))}
      />
      <DirectoryField id={id} dir={start.dir} onDir={(dir) => setStart({ ...start, dir })} />
      {kind === "schedule" && (
        <label className="flex items-start gap-2.5 text-row touch:min-h-11 touch:items-center">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-accent"
            checked={overlap}
            onChange={({ target: { checked } }) => setOverlap(checked)}
          />
          Also while the run before has not ended
        </label>
      )}
      {refusal && <Problem id={`${id}-wrong`} refusal={refusal} />}
      <button type="submit" className="control control-accent w-fit px-5" disabled={busy}>
        {busy ? "Asking…" : WORDS[kind].confirm}
      </button>
    </form>
  )
}
