/** Definitions as they were read from their texts: the same one is often asked for again, and reading takes its time. */
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { readDefinition } from "#streams/workflow/read"
import { latelyUsed } from "../lately-used.ts"
import { Problem } from "../problem.ts"

const read = latelyUsed<string, WorkflowDefinition>(16)

/** Throws `invalid_workflow` with all that is wrong. */
export function definitionIn(source: string, file = "the definition"): WorkflowDefinition {
  const definition = read.get(source) ?? newlyRead(source, file)
  read.use(source, definition)
  return definition
}

function newlyRead(source: string, file: string): WorkflowDefinition {
  const found = readDefinition(source)
  if ("definition" in found) return found.definition
  const { problems } = found
  const shown = problems.slice(0, 5).map(({ line, column, message }) => `${line}:${column}: ${message}`)
  const rest = problems.length > 5 ? ` (and ${problems.length - 5} more)` : ""
  throw new Problem("invalid_workflow", `In ${file}, at ${shown.join(" ")}${rest}`)
}
