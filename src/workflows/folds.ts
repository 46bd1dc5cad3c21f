/** What the streams of workflows say, as of their tails. Like the folds of sessions they can be thrown away at any time. */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import {
  emptyRuns,
  emptyWorkflows,
  foldRuns,
  foldWorkflows,
  type Runs,
  type Workflows,
} from "#streams/workflow/registry"
import { type Folded, foldOf } from "../folds.ts"
import { latelyUsed } from "../lately-used.ts"
import { oneAtATime } from "../one-at-a-time.ts"
import { Problem } from "../problem.ts"
import { type FoldedRun, readRun } from "./run-log.ts"
import { beginningOf } from "./run-snapshots.ts"

export interface RunFolds {
  runs(): Promise<Folded<Runs>>
  workflows(): Promise<Folded<Workflows>>
  /** Throws `unknown_run`. */
  run(runId: RunId): Promise<FoldedRun>
}

/** Runs whose fold is kept. */
const KEPT = 32

export function runFoldsOf(endpoint: FindEndpoint, patience: Patience): RunFolds {
  const kept = latelyUsed<RunId, () => Promise<FoldedRun>>(KEPT)
  const runs = foldOf(endpoint, paths.runs, { patience, empty: emptyRuns, fold: foldRuns })

  async function readOn(runId: RunId, last: FoldedRun | null): Promise<FoldedRun> {
    try {
      return await readRun(endpoint, last ?? (await beginning(runId)), patience)
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
      throw unknownRun(runId)
    }
  }

  async function beginning(runId: RunId): Promise<FoldedRun> {
    const snapshot = (await runs()).value.get(runId)?.progress?.snapshot
    return await beginningOf(endpoint, runId, { ...patience, snapshot })
  }

  return {
    runs,
    workflows: foldOf(endpoint, paths.workflows, { patience, empty: emptyWorkflows, fold: foldWorkflows }),
    run(runId) {
      const read = kept.get(runId) ?? oneAtATime((last: FoldedRun | null) => readOn(runId, last))
      kept.use(runId, read)
      return read()
    },
  }
}

const unknownRun = (given: string): Problem =>
  new Problem("unknown_run", `There is no run ${given} here: \`agentz workflow ls\` shows those there are.`)
