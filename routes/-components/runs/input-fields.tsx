import { useId } from "react"
import type { Input } from "#streams/workflow/definition"
import { plainText } from "../../-app/hidden-characters.ts"
import type { Declared, Typed } from "../../-app/start-form.ts"
import { Field } from "../form-field.tsx"

/** A field for each input of a workflow, by its type. */
export function InputFields(props: {
  readonly declared: Declared
  readonly typed: Typed
  /** By input, what is wrong with it. */
  readonly wrong: Readonly<Record<string, string>>
  readonly onType: (name: string, value: string | boolean) => void
}) {
  const { declared, typed, wrong, onType } = props
  return Object.entries(declared).map(([name, input]) => (
    <One
      key={name}
      name={name}
      input={input}
      value={typed[name] ?? ""}
      wrong={wrong[name]}
      onType={(value) => onType(name, value)}
    />
  ))
}

function One(props: {
  readonly name: string
  readonly input: Input
  readonly value: string | boolean
  readonly wrong: string | undefined
  readonly onType: (value: string | boolean) => void
}) {
  const { name, input, value, wrong, onType } = props
  const id = useId()
  const described = input.description === undefined ? undefined : plainText(input.description)
  if (input.type === "boolean")
    return (
      <label className="flex items-start gap-2.5 text-row touch:min-h-11 touch:items-center">
        <input
          type="checkbox"
          className="mt-0.5 size-4 accent-accent"
          checked={value === true}
          onChange={({ target: { checked } }) => onType(checked)}
        />
        <span>
          <span className="font-medium">{name}</span>
          {described && <span className="block text-note text-quiet">{described}</span>}
        </span>
      </label>
    )
  const text = String(value)
  const shared = {
    id,
    autoComplete: "off",
    ...(wrong !== undefined && { "aria-invalid": true, "aria-describedby": `${id}-wrong` }),
  }
  const hint = [described, HINTS[input.type]].filter(Boolean).join(" ")
  return (
    <Field
      label={input.default === undefined && input.type !== "enum" ? `${name} (needed)` : name}
      htmlFor={id}
      hint={hint}
      error={
        wrong === undefined ? null : (
          <p id={`${id}-wrong`} role="alert" className="text-row text-fail">
            {plainText(wrong)}
          </p>
        )
      }
    >
      {input.type === "enum" ? (
        <select {...shared} className="field" value={text} onChange={({ target }) => onType(target.value)}>
          {input.values.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      ) : input.type === "list" || input.type === "string" ? (
        <textarea
          {...shared}
          className="field resize-y"
          rows={input.type === "list" ? 3 : Math.min(6, Math.max(1, text.split("\n").length))}
          value={text}
          onChange={({ target }) => onType(target.value)}
        />
      ) : (
        <input
          {...shared}
          className={input.type === "path" ? "field font-mono text-row!" : "field"}
          inputMode={input.type === "number" ? "decimal" : undefined}
          spellCheck={false}
          value={text}
          onChange={({ target }) => onType(target.value)}
        />
      )}
    </Field>
  )
}

const HINTS: Readonly<Partial<Record<Input["type"], string>>> = {
  list: "One per line.",
  path: "Whole, or seen from the directory of the run.",
}
