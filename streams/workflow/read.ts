/** Reads a definition from YAML or JSON. What is wrong is told with line and column, all of it at once. */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml"
import { type Fault, faultsOf } from "./check.ts"
import { WorkflowDefinition } from "./definition.ts"
import { sayIssue } from "./say-issue.ts"
import type { Place } from "./texts.ts"

/** Lines and columns count from 1. */
export interface DefinitionProblem {
  readonly line: number
  readonly column: number
  /** Where it is in the definition: `steps[2].needs[0]`; empty for the whole. */
  readonly place: string
  /** A sentence or two, with the remedy. */
  readonly message: string
}

export type ReadDefinition =
  | { readonly definition: WorkflowDefinition }
  | { readonly problems: readonly DefinitionProblem[] }

/** What a definition may weigh, so that the log of a run has room for it. */
const MAX_SOURCE_BYTES = 256 * 1024

export function readDefinition(source: string): ReadDefinition {
  if (new TextEncoder().encode(source).length > MAX_SOURCE_BYTES)
    return { problems: [wholeProblem("A definition holds at most 256 KiB: take what is long into files.")] }
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, version: "1.2", strict: true })
  const [broken] = document.errors
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0])
    return { problems: [{ line, column: col, place: "", message: sayYaml(broken.message) }] }
  }
  const value = plainOf(document)
  if (value instanceof Error) return { problems: [wholeProblem(`It cannot be read: ${value.message}`)] }
  if (value === null || value === undefined)
    return { problems: [wholeProblem("There is nothing in it: give at least `name` and `steps`.")] }
  const problemAt = ({
    place,
    message,
    ...where
  }: Fault & { readonly isKey?: boolean }): DefinitionProblem => ({
    ...positionOf(document, { lines, source, place, ...where }),
    place: shownPlace(place),
    message,
  })
  const parsed = WorkflowDefinition.safeParse(value)
  const problems = parsed.success
    ? faultsOf(parsed.data).map(problemAt)
    : parsed.error.issues.flatMap((issue) => sayIssue(issue, value)).map(problemAt)
  if (parsed.success && problems.length === 0) return { definition: parsed.data }
  return { problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) }
}

const wholeProblem = (message: string): DefinitionProblem => ({ line: 1, column: 1, place: "", message })

/** Aliases that would unfold without end are refused by the library. */
function plainOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    if (error instanceof ReferenceError) return error
    throw error
  }
}

/** The library's sentence without the excerpt that follows it. */
const sayYaml = (message: string): string => {
  const [first = message] = message.split("\n")
  return `This is no YAML: ${first.replace(/ at line \d+, column \d+:?$/, "")}.`
}

interface Where {
  readonly lines: LineCounter
  readonly source: string
  readonly place: Place
  readonly at?: number
  readonly isKey?: boolean
}

/** Of the thing at that place; where it is not there, of the nearest thing around it. */
function positionOf(
  document: Document,
  { lines, source, place, at, isKey = false }: Where,
): { readonly line: number; readonly column: number } {
  for (let depth = place.length; depth >= 0; depth--) {
    const whole = depth === place.length
    const node = nodeAt(document, place.slice(0, depth), whole && isKey)
    if (!isNode(node) || !node.range) continue
    const { line, col } = lines.linePos(node.range[0] + (whole ? within(node, source, at) : 0))
    return { line, column: col }
  }
  return { line: 1, column: 1 }
}

/** What a key holds; where that is empty, or it is the key that is wrong, the key. */
function nodeAt(document: Document, place: Place, isKey: boolean): unknown {
  if (place.length === 0) return document.contents
  const found: unknown = document.getIn(place, true)
  if (!isKey && isNode(found) && !(isScalar(found) && found.value === null)) return found
  const parent: unknown = place.length === 1 ? document.contents : document.getIn(place.slice(0, -1), true)
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === place.at(-1))
    : undefined
  return isPair(pair) ? pair.key : found
}

/** Characters from the start of the scalar to the one that is meant, as far as its text stands there as it is. */
function within(node: Node, source: string, at: number | undefined): number {
  if (at === undefined || !isScalar(node) || typeof node.value !== "string" || !node.range) return 0
  const written = source.slice(node.range[0], node.range[1])
  const text = node.value.slice(at, at + 12).split("\n")[0] ?? ""
  const found = text === "" ? -1 : written.indexOf(text, Math.min(at, written.length))
  return Math.max(found, 0)
}

const shownPlace = (place: Place): string =>
  place
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "")
