/** What a person types into the form that starts a run, and what that means. */
import type { Input, Inputs, Json, WorkflowDefinition } from "#streams/workflow/definition"
import { readInputs } from "#streams/workflow/inputs"

/** By input: text as it was typed, or whether the box is ticked. */
export type Typed = Readonly<Record<string, string | boolean>>

export type Declared = NonNullable<WorkflowDefinition["inputs"]>

/** The form as it is at first: with what is given, else with the defaults. */
export const typedOf = (declared: Declared, given: Inputs = {}): Typed =>
  Object.fromEntries(
    Object.entries(declared).map(([name, input]) => [name, shown(input, given[name] ?? input.default)]),
  )

function shown(input: Input, value: unknown): string | boolean {
  if (input.type === "boolean") return value === true
  if (input.type === "enum" && value === undefined) return input.values[0] ?? ""
  if (Array.isArray(value)) return value.join("\n")
  return value === undefined || value === null ? "" : String(value)
}

/** An empty field is as if it were not there, so that its default counts. */
export function inputsOf(declared: Declared, typed: Typed): Inputs {
  const inputs: Record<string, Json> = {}
  for (const [name, input] of Object.entries(declared)) {
    const value = typed[name] ?? ""
    if (input.type === "boolean") inputs[name] = value === true
    else if (typeof value !== "string" || value.trim() === "") continue
    else if (input.type === "number") inputs[name] = Number.isFinite(Number(value)) ? Number(value) : value
    else if (input.type === "list")
      inputs[name] = value
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean)
    else inputs[name] = value
  }
  return inputs
}

/** What is wrong, by input, in sentences. */
export function wrongIn(definition: WorkflowDefinition, typed: Typed): Readonly<Record<string, string>> {
  const read = readInputs(definition, inputsOf(definition.inputs ?? {}, typed))
  return "wrong" in read ? read.wrong : {}
}

/** JSON where it is JSON, else the text itself; `undefined` for nothing. */
export function jsonOrText(text: string): Json | undefined {
  if (text.trim() === "") return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
