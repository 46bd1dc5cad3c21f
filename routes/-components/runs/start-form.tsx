import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, useId, useState } from "react"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { type Refusal, refusalOf } from "../../-app/refusal.ts"
import { openRunApi } from "../../-app/run-api.ts"
import { inputsOf, type Typed, typedOf, wrongIn } from "../../-app/start-form.ts"
import { useAttemptKey } from "../../-app/use-attempt-key.ts"
import { Problem } from "../form-field.tsx"
import { DirectoryField } from "./directory-field.tsx"
import { InputFields } from "./input-fields.tsx"

/** Starts a run of a workflow: a field for each of its inputs, and where it works. */
export function StartForm({
  definition,
  dir: given,
}: {
  readonly definition: WorkflowDefinition
  readonly dir: string
}) {
  const id = useId()
  const navigate = useNavigate()
  const declared = definition.inputs ?? {}
  const [typed, setTyped] = useState<Typed>(() => typedOf(declared))
  const [dir, setDir] = useState(given)
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({})
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [busy, setBusy] = useState(false)
  const keyOf = useAttemptKey()

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const found = wrongIn(definition, typed)
    setWrong(found)
    setRefusal(null)
    if (Object.keys(found).length > 0 || busy) return
    setBusy(true)
    const workingDir = dir.trim()
    const request = {
      name: definition.name,
      inputs: inputsOf(declared, typed),
      ...(workingDir !== "" && { workingDir }),
    }
    try {
      const { runId } = await openRunApi(location.origin).start({
        ...request,
        idempotencyKey: keyOf(request),
      })
      await navigate({ to: "/w/$runId", params: { runId } })
    } catch (error) {
      setRefusal(refusalOf(error))
      setBusy(false)
    }
  }
  const dirWrong =
    refusal?.reason?.includes("working_dir") === true || refusal?.reason?.includes("directory") === true
  return (
    <form
      onSubmit={submit}
      className="flex flex-col gap-5"
      noValidate
      aria-label={`Start ${definition.name}`}
    >
      <p className="text-quiet">
        {definition.description && `${plainText(definition.description)} `}
        {plural(definition.steps.length, "step")}:{" "}
        <span className="font-mono text-note">{definition.steps.map(({ id: step }) => step).join(", ")}</span>
      </p>
      <InputFields
        declared={declared}
        typed={typed}
        wrong={wrong}
        onType={(name, value) => setTyped((now) => ({ ...now, [name]: value }))}
      />
      <DirectoryField id={id} dir={dir} onDir={setDir} refusal={dirWrong ? refusal : null} />
      {refusal && !dirWrong && <Problem id={`${id}-wrong`} refusal={refusal} />}
      <button type="submit" className="control control-accent w-fit px-5" disabled={busy}>
        {busy ? "Starting…" : "Start"}
      </button>
    </form>
  )
}
