import type { Refusal } from "../../-app/refusal.ts"
import { Field, Problem } from "../form-field.tsx"

/** Where a run is to work. `refusal`: what the server says against it. */
export function DirectoryField(props: {
  readonly id: string
  readonly dir: string
  readonly onDir: (dir: string) => void
  readonly refusal?: Refusal | null
}) {
  const { id, dir, onDir, refusal = null } = props
  return (
    <Field
      label="Directory"
      htmlFor={`${id}-dir`}
      hint="An absolute path. Empty: your home."
      error={refusal ? <Problem id={`${id}-dir-wrong`} refusal={refusal} /> : null}
    >
      <input
        id={`${id}-dir`}
        className="field font-mono text-row!"
        placeholder="/home/you/project"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={dir}
        onChange={({ target: { value } }) => onDir(value)}
        {...(refusal && { "aria-invalid": true, "aria-describedby": `${id}-dir-wrong` })}
      />
    </Field>
  )
}
