/** What of a run an expression names, found without running it. */
import type { ASTNode } from "@marcbachmann/cel-js"
import { ExpressionError } from "./expression-error.ts"

export const ROOTS = ["steps", "inputs", "item", "index", "run"] as const

/** Something of a run that an expression names: `steps.plan.output.files[0]` is root `steps`, the rest is the path. */
export interface Reference {
  readonly root: (typeof ROOTS)[number]
  readonly path: readonly (string | number)[]
  /** It is only asked whether it is there. */
  readonly asked: boolean
}

/** Throws {@link ExpressionError} where it uses what is not offered. */
export function referencesOf(node: ASTNode): readonly Reference[] {
  const references: Reference[] = []
  collect(node, references, new Set())
  return references
}

/** Matching a hostile text against a pattern may take for ever, and whoever evaluates serves others too. */
const REFUSED = new Set(["matches"])

/** Their first argument is a name for each element. */
const MACROS = new Set(["all", "exists", "exists_one", "filter", "map", "bind"])

/** `bound` are the names that a macro like `map` gives to its elements. */
function collect(node: ASTNode, into: Reference[], bound: ReadonlySet<string>): void {
  const chain = chainOf(node)
  if (chain !== null) {
    if (!bound.has(chain.root)) into.push(referenceOf(chain))
    for (const index of chain.computed) collect(index, into, bound)
    return
  }
  switch (node.op) {
    case "value":
    case "id":
      return
    case ".":
    case ".?":
      collect(node.args[0], into, bound)
      return
    case "call": {
      const [name, args] = node.args
      const [first] = args
      const asked = name === "has" && first ? chainOf(first) : null
      if (asked !== null && !bound.has(asked.root)) into.push({ ...referenceOf(asked), asked: true })
      else for (const arg of args) collect(arg, into, bound)
      return
    }
    case "rcall": {
      const [name, receiver, args] = node.args
      if (REFUSED.has(name))
        throw new ExpressionError(
          `uses \`${name}\`, which is not offered: use contains, startsWith or endsWith.`,
          node.pos,
        )
      const [first] = args
      const inner = MACROS.has(name) && first?.op === "id" ? new Set([...bound, first.args]) : bound
      collect(receiver, into, bound)
      for (const arg of args) collect(arg, into, inner)
      return
    }
    case "list":
      for (const element of node.args) collect(element, into, bound)
      return
    case "map":
      for (const entry of node.args) for (const part of entry) collect(part, into, bound)
      return
    case "!_":
    case "-_":
      collect(node.args, into, bound)
      return
    default:
      for (const operand of node.args) collect(operand, into, bound)
  }
}

const isRoot = (name: string): name is Reference["root"] => (ROOTS as readonly string[]).includes(name)

interface Chain {
  readonly root: Reference["root"]
  readonly path: readonly (string | number)[]
  /** Indexes that are not written out. What comes after the first of them is not in `path`. */
  readonly computed: readonly ASTNode[]
}

const referenceOf = ({ root, path }: Chain): Reference => ({ root, path, asked: false })

/** `.name` and `[index]`, one after another, from one of the roots. */
function chainOf(node: ASTNode): Chain | null {
  if (node.op === "id") return isRoot(node.args) ? { root: node.args, path: [], computed: [] } : null
  if (node.op !== "." && node.op !== "[]") return null
  const before = chainOf(node.args[0])
  if (before === null) return null
  const [, part] = node.args
  const key = typeof part === "string" ? part : keyOf(part)
  if (key === null) return { ...before, computed: [...before.computed, part as ASTNode] }
  return before.computed.length > 0 ? before : { ...before, path: [...before.path, key] }
}

function keyOf(node: ASTNode): string | number | null {
  if (node.op !== "value") return null
  const key = typeof node.args === "bigint" ? Number(node.args) : node.args
  return typeof key === "string" || typeof key === "number" ? key : null
}
