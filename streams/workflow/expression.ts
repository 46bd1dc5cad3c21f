/**
 * Expressions: the Common Expression Language over what a run knows. They end, change nothing and read no clock, so
 * the same run gives the same answer wherever it is asked.
 */
import { Environment, EvaluationError, type ParseError, type ParseResult } from "@marcbachmann/cel-js"
import type { Json } from "./definition.ts"
import { ExpressionError } from "./expression-error.ts"
import { type Reference, ROOTS, referencesOf } from "./reference.ts"

/** What an expression can name. `steps` has those that the expression refers to and that have something to tell. */
export interface Scope {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly steps: Readonly<Record<string, StepView>>
  readonly run: { readonly id: string; readonly workflow: string; readonly workingDir: string }
  readonly item?: unknown
  readonly index?: number
}

/** A step as expressions see it. `output` is absent where it gave none. */
export interface StepView {
  readonly status: string
  readonly output?: unknown
  readonly exitCode: number | null
  readonly error: string | null
  readonly sessionId: string | null
  readonly workingDir: string | null
}
export const STEP_FIELDS = ["status", "output", "exitCode", "error", "sessionId", "workingDir"] as const

export interface Expression {
  readonly text: string
  readonly references: readonly Reference[]
  readonly compiled: ParseResult
}

const environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: {
    maxAstNodes: 1000,
    maxDepth: 32,
    maxListElements: 1000,
    maxMapEntries: 1000,
    maxCallArguments: 32,
  },
})
for (const root of ROOTS) environment.registerVariable(root, "dyn")
// Numbers of JSON are doubles here and those in the text are integers: people add the two without a thought.
for (const [operator, apply] of Object.entries({
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
  "%": (a: number, b: number) => a % b,
})) {
  environment.registerOperator(`double ${operator} int`, (a: number, b: bigint) => apply(a, Number(b)))
  environment.registerOperator(`int ${operator} double`, (a: bigint, b: number) => apply(Number(a), b))
}

/** Texts repeat, in every step that is asked and every time. */
const known = new Map<string, Expression>()
const MOST_KNOWN = 2000

/** Throws {@link ExpressionError}. */
export function parseExpression(text: string): Expression {
  const before = known.get(text)
  if (before) return before
  const compiled = compile(text)
  const expression = { text, references: referencesOf(compiled.ast), compiled }
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, expression)
  return expression
}

function compile(text: string): ParseResult {
  if (text.trimStart().startsWith("{{"))
    throw new ExpressionError("is an expression already: leave out the {{ }} around it.")
  try {
    const compiled = environment.parse(text)
    const { error } = compiled.check()
    if (error) throw error
    return compiled
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { summary = error.message, range } = error as Partial<ParseError>
    throw new ExpressionError(`cannot be read: ${withStop(summary)}`, range?.start, { cause: error })
  }
}

/** Throws {@link ExpressionError}; where something is missing its message names it. */
export function evaluate(expression: Expression, scope: Scope): Json {
  try {
    return plain(expression.compiled({ ...scope }))
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    const missing = expression.references
      .map((reference) => absent(reference, scope))
      .find((said) => said !== null)
    throw new ExpressionError(missing ?? withStop(error.summary), error.range?.start, {
      cause: error,
      missing: missing !== undefined,
    })
  }
}

const withStop = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

/** As JSON: integers come as `bigint`, times as `Date`. */
function plain(value: unknown): Json {
  if (typeof value === "bigint") return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, of]) => [String(key), plain(of)]))
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, plain(of)]))
  return typeof value === "number" || typeof value === "boolean" || value === null ? value : String(value)
}

/** Says what `reference` names and the scope has not; `null` where it is there. */
function absent({ root, path, asked }: Reference, scope: Scope): string | null {
  if (asked) return null
  const shown = [root, ...path.map(shownPart)].join("")
  let value: unknown = scope[root]
  for (const [depth, part] of path.entries()) {
    if (isHolder(value) && Object.hasOwn(value, part)) value = value[part]
    else if (root === "steps" && depth >= 1) return stepAbsent(path, depth, value, shown)
    else return `There is no \`${shown}\`.`
  }
  return value === undefined ? `There is no \`${shown}\`.` : null
}

function stepAbsent(
  path: readonly (string | number)[],
  depth: number,
  value: unknown,
  shown: string,
): string {
  const [step] = path
  if (depth === 1) return `Step \`${step}\` gave no ${path[1]}, and \`${shown}\` is needed.`
  if (typeof value === "string")
    return `\`${shown}\` looks into the output of step \`${step}\`, which is text: give that step \`output: json\`.`
  return `The output of step \`${step}\` has no \`${shown.split(".").slice(3).join(".") || shown}\`.`
}

const isHolder = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === "object" && value !== null

const shownPart = (part: string | number) => (typeof part === "number" ? `[${part}]` : `.${part}`)
