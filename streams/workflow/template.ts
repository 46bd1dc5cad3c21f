/** Templates: text with `{{ expression }}` in it, or the short form `{plan.output}`, `{plan.output.files[0]}`. */
import type { Json } from "./definition.ts"
import { type Expression, evaluate, parseExpression, type Scope } from "./expression.ts"
import { ExpressionError } from "./expression-error.ts"

type Part = string | Expression

/** Throws {@link ExpressionError}. */
export function parseTemplate(text: string): readonly Part[] {
  const before = known.get(text)
  if (before) return before
  const parts: Part[] = []
  let from = 0
  for (const { index } of text.matchAll(OPEN)) {
    if (index < from) continue
    const { expression, end } = text.startsWith("{{", index) ? braced(text, index) : short(text, index)
    if (index > from) parts.push(text.slice(from, index))
    parts.push(expression)
    from = end
  }
  if (from < text.length) parts.push(text.slice(from))
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, parts)
  return parts
}

const known = new Map<string, readonly Part[]>()
const MOST_KNOWN = 2000

const SHORT = /(?<!\$)\{([A-Za-z][A-Za-z0-9_]*)\.(output(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*)\}/
const OPEN = new RegExp(`\\{\\{|${SHORT.source}`, "g")

function short(text: string, index: number): { readonly expression: Expression; readonly end: number } {
  const [whole = "", step, path] = SHORT.exec(text.slice(index)) ?? []
  return { expression: parseExpression(`steps.${step}.${path}`), end: index + whole.length }
}

/** An expression may hold braces of its own: it ends at the first `}}` at which it can be read. */
function braced(text: string, index: number): { readonly expression: Expression; readonly end: number } {
  let refused: ExpressionError | null = null
  for (let end = text.indexOf("}}", index + 2); end >= 0; end = text.indexOf("}}", end + 1)) {
    try {
      return { expression: parseExpression(text.slice(index + 2, end).trim()), end: end + 2 }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      refused ??= new ExpressionError(error.message, index + 2 + error.at, { cause: error })
    }
    if (text.slice(index + 2, end).includes("{{")) break
  }
  throw refused ?? new ExpressionError("opens `{{` and never closes it: end the expression with `}}`.", index)
}

/** The value of a template that is one expression and nothing else; of others the text. Throws {@link ExpressionError}. */
export function fillValue(text: string, scope: Scope): Json {
  const [first, ...rest] = parseTemplate(text)
  if (first !== undefined && typeof first !== "string" && rest.length === 0) return evaluate(first, scope)
  return fillText(text, scope)
}

/** Throws {@link ExpressionError}. */
export const fillText = (text: string, scope: Scope): string =>
  parseTemplate(text)
    .map((part) => (typeof part === "string" ? part : shown(evaluate(part, scope))))
    .join("")

/** Texts as they are, all else as JSON. */
const shown = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value))

/** Every text in it filled, whatever it is made of. Throws {@link ExpressionError}. */
export function fillDeep(value: Json, scope: Scope): Json {
  if (typeof value === "string") return fillValue(value, scope)
  if (Array.isArray(value)) return value.map((element) => fillDeep(element, scope))
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, fillDeep(of, scope)]))
  return value
}
