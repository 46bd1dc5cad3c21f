/** What a run is started with: filled up from the defaults, and checked. */
import { closest } from "../closest.ts"
import type { Input, Inputs, WorkflowDefinition } from "./definition.ts"

export type ReadInputs =
  | { readonly inputs: Inputs }
  /** By input, in sentences. */
  | { readonly wrong: Readonly<Record<string, string>> }

/** All inputs of the definition. One that is not given has its default. */
export function readInputs({ inputs: declared = {} }: WorkflowDefinition, given: Inputs): ReadInputs {
  const wrong: Record<string, string> = {}
  const names = Object.keys(declared)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue
    const near = closest(name, names)
    const remedy =
      near !== null ? `Did you mean ${near}?` : names.length > 0 ? `There is ${names.join(", ")}.` : ""
    wrong[name] = `There is no input ${name}. ${remedy || "The workflow takes none."}`
  }
  const inputs: Record<string, Inputs[string]> = {}
  for (const [name, input] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : input.default
    const said =
      value === undefined ? "is missing, and it has no default: give it." : wrongInput(input, value)
    if (said !== null) wrong[name] = `Input ${name} ${said}`
    else if (value !== undefined) inputs[name] = value
  }
  return Object.keys(wrong).length > 0 ? { wrong } : { inputs }
}

/** What is wrong with the value, to be read after the name of the input; `null` where nothing is. */
export function wrongInput(input: Input, value: unknown): string | null {
  switch (input.type) {
    case "string":
      return typeof value === "string" ? null : "must be text."
    case "path":
      return typeof value === "string" && value !== "" ? null : "must be a path."
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? null : "must be a number."
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false."
    case "enum":
      return typeof value === "string" && input.values.includes(value)
        ? null
        : `must be one of ${input.values.join(", ")}.`
    case "list":
      return Array.isArray(value) && value.every((element) => typeof element === "string")
        ? null
        : "must be a list of texts."
  }
}
