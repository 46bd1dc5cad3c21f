import { useId } from "react"
import type { StepField } from "../../-app/step-form.ts"
import { Field } from "../form-field.tsx"

/** A field for each thing that can be said anew of a step. */
export function StepFields(props: {
  readonly fields: readonly StepField[]
  /** By field, what was typed into it. */
  readonly edited: Readonly<Record<string, string>>
  readonly onEdit: (name: StepField["name"], text: string) => void
}) {
  const { fields, edited, onEdit } = props
  const id = useId()
  return fields.map(({ name, label, text }) => (
    <Field key={name} label={label} htmlFor={`${id}-${name}`}>
      <textarea
        id={`${id}-${name}`}
        className="field resize-y font-mono text-row!"
        rows={Math.min(8, (edited[name] ?? text).split("\n").length)}
        spellCheck={name === "prompt"}
        value={edited[name] ?? text}
        onChange={({ target }) => onEdit(name, target.value)}
      />
    </Field>
  ))
}
