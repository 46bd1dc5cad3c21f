/** Where in a step templates and expressions stand. Checking and filling both go by this list. */
import type { Body, Step, StepOf, WorkflowDefinition } from "./definition.ts"
import { type Expression, parseExpression } from "./expression.ts"
import type { Reference } from "./reference.ts"
import { parseTemplate } from "./template.ts"

export type Place = readonly (string | number)[]

/** A text at its place in the definition. */
export interface Text {
  readonly place: Place
  readonly text: string
  readonly form: "template" | "expression"
}

interface Filled {
  readonly texts: readonly string[]
  readonly values: readonly string[]
}

/** Fields that are filled to text, and fields whose values keep their type. */
export const FILLED: Readonly<Record<Body["kind"], Filled>> = {
  agent: { texts: ["prompt", "agent", "model", "workingDir", "workspace"], values: [] },
  command: { texts: ["command", "env", "workingDir", "workspace"], values: [] },
  approval: { texts: ["question", "workingDir"], values: [] },
  wait: { texts: ["until", "workingDir"], values: [] },
  workflow: { texts: ["workingDir"], values: ["inputs"] },
  transform: { texts: ["workingDir"], values: ["value"] },
}

/** Texts that are read before the step is begun: for a map, those of its list. */
export function textsOf(step: Step): readonly Text[] {
  const own: Text[] =
    step.when === undefined ? [] : [{ place: ["when"], text: step.when, form: "expression" }]
  return step.kind === "map"
    ? [...own, { place: ["over"], text: step.over, form: "expression" }]
    : [...own, ...textsOfBody(step)]
}

export const itemTextsOf = (step: StepOf<"map">): readonly Text[] =>
  textsOfBody(step.step).map((text) => ({ ...text, place: ["step", ...text.place] }))

export const outputTextsOf = ({ outputs = {} }: WorkflowDefinition): readonly Text[] => textsIn(outputs, [])

/** Of what is done, without `when` and `over`. */
export function textsOfBody(body: Body): readonly Text[] {
  const { texts, values } = FILLED[body.kind]
  const fields: Readonly<Record<string, unknown>> = body
  return [...texts, ...values].flatMap((field) =>
    // A line for the shell is run as it is written.
    body.kind === "command" && field === "command" && typeof body.command === "string"
      ? []
      : textsIn(fields[field], [field]),
  )
}

function textsIn(value: unknown, place: Place): readonly Text[] {
  if (typeof value === "string") return [{ place, text: value, form: "template" }]
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, of]) =>
    textsIn(of, [...place, Array.isArray(value) ? Number(key) : key]),
  )
}

/** Throws `ExpressionError`. */
export const expressionsOf = ({ text, form }: Text): readonly Expression[] =>
  form === "expression"
    ? [parseExpression(text)]
    : parseTemplate(text).filter((part): part is Expression => typeof part !== "string")

/** What the texts name. Throws `ExpressionError`. */
export const referencesIn = (texts: readonly Text[]): readonly Reference[] =>
  texts.flatMap(expressionsOf).flatMap(({ references }) => references)
