/** What can be said anew of a step before it is tried again, as fields of a form. Pure. */
import { errorText } from "#streams/error-text"
import type { Body, Json, Step } from "#streams/workflow/definition"
import type { StepInput } from "#streams/workflow/step-input"

export interface StepField {
  readonly name: "prompt" | "agent" | "model" | "command" | "question" | "value" | "inputs" | "workingDir"
  readonly label: string
  readonly text: string
  /** Whether the text is JSON. */
  readonly json: boolean
}

const LABELS: Readonly<Record<StepField["name"], string>> = {
  prompt: "Prompt",
  agent: "Agent",
  model: "Model",
  command: "Command",
  question: "Question",
  value: "Value",
  inputs: "Inputs",
  workingDir: "Directory",
}

const FIELDS: Readonly<Record<Step["kind"], readonly StepField["name"][]>> = {
  agent: ["prompt", "agent", "model", "workingDir"],
  command: ["command", "workingDir"],
  approval: ["question"],
  wait: [],
  workflow: ["inputs"],
  transform: ["value"],
  map: [],
}

export function stepFieldsOf(body: Body | Step, said: StepInput | null): readonly StepField[] {
  const now: Readonly<Record<string, unknown>> = { ...body, ...said }
  return FIELDS[body.kind].map((name) => {
    const value = now[name]
    const json = name === "value" || name === "inputs" || Array.isArray(value)
    const text = value === undefined ? "" : json ? JSON.stringify(value, null, 2) : String(value)
    return { name, label: json ? `${LABELS[name]} (JSON)` : LABELS[name], text, json }
  })
}

export type ReadStepInput =
  | { readonly input: StepInput | undefined }
  | { readonly wrong: { readonly name: StepField["name"]; readonly message: string } }

/** Only what was changed; nothing where nothing was. */
export function stepInputOf(
  fields: readonly StepField[],
  typed: Readonly<Record<string, string>>,
): ReadStepInput {
  const input: Record<string, Json> = {}
  for (const { name, label, text, json } of fields) {
    const now = typed[name] ?? text
    if (now === text) continue
    if (now.trim() === "") return { wrong: { name, message: `${label} must not be empty.` } }
    try {
      input[name] = json ? (JSON.parse(now) as Json) : now
    } catch (error) {
      return {
        wrong: { name, message: `This is no JSON: ${errorText(error)}` },
      }
    }
  }
  return { input: Object.keys(input).length === 0 ? undefined : (input as StepInput) }
}
