/** Inputs as a person types them: `--input name=value`, read by the type that the workflow gives each. */
import type { Input, Inputs, Json, WorkflowDefinition } from "#streams/workflow/definition"
import { usage } from "../refusal.ts"

/** What is none of the workflow's inputs, or of the wrong type, is left for the plane to refuse. */
export function inputWords(given: readonly string[], definition: WorkflowDefinition | undefined): Inputs {
  return Object.fromEntries(
    given.map((word) => {
      const at = word.indexOf("=")
      if (at < 1) throw usage(`“${word}” is no input: give it as NAME=VALUE.`)
      const name = word.slice(0, at)
      return [name, valueIn(word.slice(at + 1), definition?.inputs?.[name])]
    }),
  )
}

function valueIn(text: string, input: Input | undefined): Json {
  switch (input?.type) {
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text
    case "list":
      return text.trim().startsWith("[") ? jsonOr(text) : text.split(",").map((one) => one.trim())
    default:
      return text
  }
}

/** A value as JSON where it is JSON, else as the text it is. */
export function jsonOr(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
