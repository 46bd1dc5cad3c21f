/** What the streams of workflows say, as of their tails. Like the folds of sessions they can be thrown away at any time. */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import {
  emptyWorkflows,
  foldRuns,
  foldWorkflows,
  type Runs,
  type Workflows,
} from "#streams/workflow/registry"
import { type Folded, foldOf } from "../folds.ts"
import { latelyUsed } from "../lately-used.ts"
import { Problem } from "../plane.ts"
import { type FoldedRun, readRun, unreadRun } from "./run-log.ts"

export interface RunFolds {
  runs(): Promise<Folded<Runs>>
  workflows(): Promise<Folded<Workflows>>
  /** Throws `unknown_run`. */
  run(runId: RunId): Promise<FoldedRun>
}

/** Runs whose fold is kept. */
const KEPT = 32

export function runFoldsOf(endpoint: FindEndpoint, patience: Patience): RunFolds {
  const kept = latelyUsed<RunId, FoldedRun>(KEPT)
  return {
    runs: foldOf(endpoint, paths.runs, { patience, empty: new Map(), fold: foldRuns }),
    workflows: foldOf(endpoint, paths.workflows, { patience, empty: emptyWorkflows, fold: foldWorkflows }),
    async run(runId) {
      const folded = await readRun(endpoint, kept.get(runId) ?? unreadRun(runId), patience).catch(
        (error: unknown) => {
          if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
          throw unknownRun(runId)
        },
      )
      kept.use(runId, folded)
      return folded
    },
  }
}

const unknownRun = (given: string): Problem =>
  new Problem("unknown_run", `There is no run ${given} here: \`agentz workflow ls\` shows those there are.`)
