/** What the schema cannot see: names that are nowhere, circles, expressions that cannot be read, defaults of the wrong type. */
import { closest } from "../closest.ts"
import type { Input, ItemStep, Step, WorkflowDefinition } from "./definition.ts"
import { STEP_FIELDS } from "./expression.ts"
import { ExpressionError } from "./expression-error.ts"
import { ancestorsOf, cycleIn } from "./graph.ts"
import { wrongInput } from "./inputs.ts"
import type { Reference } from "./reference.ts"
import { expressionsOf, itemTextsOf, outputTextsOf, type Place, type Text, textsOf } from "./texts.ts"

/** One thing that is wrong, where it is, and what to do about it. */
export interface Fault {
  readonly place: Place
  readonly message: string
  /** Within the text at that place. */
  readonly at?: number
}

/** Nothing where all is well. */
export function faultsOf(definition: WorkflowDefinition): readonly Fault[] {
  const named = [...repeatedIds(definition), ...unknownNeeds(definition), ...textFaults(definition)]
  const circle = cycleIn(definition)
  const rest = [...definition.steps.flatMap(stepFaults), ...inputFaults(definition)]
  if (circle !== null) return [...named, circleFault(definition, circle), ...rest]
  return [...named, ...(named.length === 0 ? sharedSessions(definition) : []), ...rest]
}

const quoted = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(", ")

const meant = (word: string, known: readonly string[], kind: string): string => {
  const near = closest(word, known)
  if (near !== null) return `Did you mean \`${near}\`?`
  return known.length > 0 ? `There is ${quoted(known.slice(0, 10))}.` : `There is no ${kind} at all.`
}

const repeatedIds = ({ steps }: WorkflowDefinition): readonly Fault[] =>
  steps.flatMap(({ id }, index) =>
    steps.findIndex((other) => other.id === id) < index
      ? [
          {
            place: ["steps", index, "id"],
            message: `Two steps are called \`${id}\`: give one of them another id.`,
          },
        ]
      : [],
  )

function unknownNeeds({ steps }: WorkflowDefinition): readonly Fault[] {
  const ids = steps.map(({ id }) => id)
  return steps.flatMap((step, index) => {
    const { kind } = step
    const body: ItemStep | Step = kind === "map" ? step.step : step
    const session = body.kind === "agent" && body.session !== undefined ? [body.session] : []
    const place = ["steps", index, ...(kind === "map" ? ["step"] : []), "session"]
    const kindOf = (id: string) => steps.find((other) => other.id === id)?.kind
    return [
      ...(step.needs ?? []).flatMap((id, at) =>
        ids.includes(id)
          ? []
          : [
              {
                place: ["steps", index, "needs", at],
                message: `Step \`${step.id}\` needs \`${id}\`, which is no step. ${meant(id, ids, "other step")}`,
              },
            ],
      ),
      ...session.flatMap((id) =>
        kindOf(id) === "agent" && kind !== "map"
          ? []
          : [
              {
                place,
                message:
                  kind === "map"
                    ? "Items of a map are done at the same time and cannot share a session: leave `session` out."
                    : `Step \`${step.id}\` goes on in the session of \`${id}\`, which is no step of kind agent. ${meant(
                        id,
                        steps.filter((other) => other.kind === "agent").map((other) => other.id),
                        "agent step",
                      )}`,
              },
            ],
      ),
    ]
  })
}

function circleFault({ steps }: WorkflowDefinition, circle: readonly string[]): Fault {
  const [first = ""] = circle
  const index = steps.findIndex(({ id }) => id === first)
  return {
    place: ["steps", index, "id"],
    message:
      circle.length === 2
        ? `Step \`${first}\` needs itself: take that need or expression out.`
        : `Steps need each other in a circle: ${circle.join(" → ")}. Take one of these needs or expressions out.`,
  }
}

/** Two steps at once in one session would talk at the same time. */
function sharedSessions(definition: WorkflowDefinition): readonly Fault[] {
  const users = definition.steps.flatMap((step, index) =>
    step.kind === "agent" && step.session !== undefined
      ? [{ id: step.id, index, session: rootSession(definition, step.id) }]
      : [],
  )
  return users.flatMap((user, at) =>
    users
      .slice(0, at)
      .filter(({ id, session }) => session === user.session && !follows(definition, user.id, id))
      .slice(0, 1)
      .map((other) => ({
        place: ["steps", user.index, "session"],
        message: `Steps \`${other.id}\` and \`${user.id}\` go on in the same session and might run at the same time: let one need the other.`,
      })),
  )
}

function rootSession(definition: WorkflowDefinition, id: string): string {
  const step = definition.steps.find((one) => one.id === id)
  return step?.kind === "agent" && step.session !== undefined ? rootSession(definition, step.session) : id
}

const follows = (definition: WorkflowDefinition, one: string, other: string): boolean =>
  ancestorsOf(definition, one).has(other) || ancestorsOf(definition, other).has(one)

function textFaults(definition: WorkflowDefinition): readonly Fault[] {
  const ofSteps = definition.steps.flatMap((step, index) => {
    const at = (text: Text): Text => ({ ...text, place: ["steps", index, ...text.place] })
    return [
      ...textsOf(step).flatMap((text) => faultsIn(at(text), definition, false)),
      ...(step.kind === "map"
        ? itemTextsOf(step).flatMap((text) => faultsIn(at(text), definition, true))
        : []),
    ]
  })
  const outputs = outputTextsOf(definition).flatMap((text) =>
    faultsIn({ ...text, place: ["outputs", ...text.place] }, definition, false),
  )
  const defaults = (["agent", "model", "workingDir"] as const).flatMap((field) => {
    const text = definition.defaults?.[field]
    if (text === undefined) return []
    const place = ["defaults", field]
    const faults = faultsIn({ place, text, form: "template" }, definition, false)
    const early = /\bsteps\.|\.output\b/.test(text)
    return early ? [{ place, message: "Defaults hold before any step has run: name inputs only." }] : faults
  })
  return [...ofSteps, ...outputs, ...defaults]
}

function faultsIn(text: Text, definition: WorkflowDefinition, inMap: boolean): readonly Fault[] {
  try {
    return expressionsOf(text).flatMap((expression) => {
      const at = Math.max(text.text.indexOf(expression.text), 0)
      return expression.references
        .flatMap((reference) => referenceFault(reference, definition, inMap))
        .map((message) => ({ place: text.place, message, at }))
    })
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const field = text.place.findLast((part) => typeof part === "string")
    return [{ place: text.place, message: `\`${field}\` ${error.message}`, at: error.at }]
  }
}

const RUN_FIELDS = ["id", "workflow", "workingDir"]

function referenceFault(
  { root, path: [first, second] }: Reference,
  { steps, inputs = {} }: WorkflowDefinition,
  inMap: boolean,
): readonly string[] {
  switch (root) {
    case "item":
    case "index":
      return inMap ? [] : [`\`${root}\` is known only in the step of a map.`]
    case "run":
      return RUN_FIELDS.includes(String(first)) ? [] : [`Of the run there is ${quoted(RUN_FIELDS)}.`]
    case "inputs": {
      const names = Object.keys(inputs)
      if (typeof first !== "string") return ["Name one of the inputs: `inputs.NAME`."]
      return names.includes(first) ? [] : [`There is no input \`${first}\`. ${meant(first, names, "input")}`]
    }
    case "steps": {
      const ids = steps.map(({ id }) => id)
      if (typeof first !== "string") return ["Name one step, as it is written: `steps.ID.output`."]
      if (!ids.includes(first)) return [`There is no step \`${first}\`. ${meant(first, ids, "step")}`]
      if (typeof second !== "string") return [`Say what of step \`${first}\`: ${quoted(STEP_FIELDS)}.`]
      return (STEP_FIELDS as readonly string[]).includes(second)
        ? []
        : [`A step has no \`${second}\`. ${meant(second, STEP_FIELDS, "field")}`]
    }
  }
}

const WAITS = ["for", "until", "signal"] as const

/** What hangs together within one step. */
function stepFaults(step: Step, index: number): readonly Fault[] {
  const inner: ItemStep | Step = step.kind === "map" ? step.step : step
  const place = ["steps", index, ...(step.kind === "map" ? ["step"] : [])]
  if (inner.kind === "wait") {
    const given = WAITS.filter((field) => inner[field] !== undefined)
    if (given.length === 1) return []
    const message = `Step \`${step.id}\` waits for one thing: give exactly one of \`for\`, \`until\`, \`signal\`.`
    return [{ place, message }]
  }
  if (inner.kind === "agent" && inner.session !== undefined && inner.workspace !== undefined)
    return [
      {
        place: [...place, "workspace"],
        message: `Step \`${step.id}\` goes on in the session of \`${inner.session}\` and works where that does: leave \`workspace\` out, or give it to that step.`,
      },
    ]
  if (inner.kind === "command" && typeof inner.command === "string" && inner.command.includes("{{"))
    return [
      {
        place: [...place, "command"],
        message:
          'A line for the shell takes no {{ }}, since what a step said would be run: give the value a name in `env` and write "$NAME", or give `command` as a list.',
      },
    ]
  return []
}

const inputFaults = ({ inputs = {} }: WorkflowDefinition): readonly Fault[] =>
  Object.entries(inputs).flatMap(([name, input]: readonly [string, Input]) => {
    if (input.default === undefined) return []
    const wrong = wrongInput(input, input.default)
    return wrong === null
      ? []
      : [{ place: ["inputs", name, "default"], message: `The default of input \`${name}\` ${wrong}` }]
  })
