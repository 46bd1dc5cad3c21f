import type { RunId } from "#streams/ids"
import type { ControlPlane } from "../../plane.ts"
import { Problem } from "../../problem.ts"
import { onlyOne } from "../which-session.ts"

/** The run that is meant by a whole id or by its first letters, with or without `run_`. */
export async function whichRun(plane: ControlPlane, given: string): Promise<RunId> {
  const found: RunId[] = []
  let cursor: string | undefined
  do {
    const page = await plane.workflows.list({ limit: 1000, cursor })
    for (const { runId } of page.runs) {
      if (runId === given) return runId
      if (runId.startsWith(given) || runId.startsWith(`run_${given}`)) found.push(runId)
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  const only = onlyOne(found, given)
  if (only !== undefined) return only
  throw new Problem(
    "unknown_run",
    `There is no run “${given}”: \`agentz workflow ls\` shows those there are.`,
  )
}
