/**
 * The log of one run. A worker claims it by compare-and-append and writes it until somebody else does: each append
 * says its place in `Stream-Seq`, so the server refuses whoever lost it, and its place makes the event's id, so a
 * repeat is the same event.
 */
import { randomUUID } from "node:crypto"
import { type Identity, identityOf } from "#daemon/process/identity"
import { machineName } from "#daemon/process/machine"
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import { stamped } from "#streams/workflow/advance"
import { parseRunEvent, placeSeqOf, type RunEvent, type UnstampedRunEvent } from "#streams/workflow/event"
import { emptyRun, type Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { version } from "../package-root.ts"

export interface FoldedRun {
  readonly run: Run
  readonly offset: string
}

/** Reads on from what is known, or from the start, to the tail. Throws `stream_missing` where there is no such run. */
export async function readRun(
  endpoint: FindEndpoint,
  { run, offset }: FoldedRun,
  patience: Patience,
): Promise<FoldedRun> {
  let [now, at] = [run, offset]
  for await (const batch of readToTail(endpoint, paths.runEvents(run.runId), { ...patience, offset })) {
    now = foldRun(
      now,
      batch.items.map(parseRunEvent).filter((event) => event !== null),
    )
    at = batch.offset
  }
  return { run: now, offset: at }
}

export const unreadRun = (runId: RunId): FoldedRun => ({ run: emptyRun(runId), offset: START })

/** Somebody else holds the run: whoever hears this stops at once. */
export class RunLost extends Error {
  override readonly name = "RunLost"
}

export interface RunLog {
  /** All that is in the log, as far as it is durable. */
  readonly run: Run
  /** Resolves when they are durable, which follow on {@link run}. Throws {@link RunLost}. */
  append(events: readonly RunEvent[]): Promise<void>
}

/** Writes the first events of a run. `false`: it was made before. */
export async function createRun(
  endpoint: FindEndpoint,
  runId: RunId,
  { events, ...patience }: Patience & { readonly events: readonly UnstampedRunEvent[] },
): Promise<boolean> {
  return await appendAt(endpoint, runId, stamped({ runId, epoch: 0, n: -1 }, events, Date.now()), patience)
}

/** The log from here on, as its only writer; `null` where somebody else was faster. */
export async function claimRun(
  endpoint: FindEndpoint,
  folded: FoldedRun,
  patience: Patience,
): Promise<RunLog | null> {
  const { runId, epoch } = folded.run
  const incarnation = randomUUID()
  const claimed = { type: "run_claimed", incarnation, owner: ownerOfSelf(), version } as const
  const claim = stamped({ runId, epoch: epoch + 1, n: -1 }, [claimed], Date.now())
  const won = await appendAt(endpoint, runId, claim, patience)
  // What the owner before us wrote between our reading and our claim counts; a claim whose answer was lost, too.
  const { run } =
    won && epoch === 0 ? { run: foldRun(folded.run, claim) } : await readRun(endpoint, folded, patience)
  return run.incarnation === incarnation ? logOf(endpoint, run, patience) : null
}

function logOf(endpoint: FindEndpoint, claimed: Run, patience: Patience): RunLog {
  let run = claimed
  return {
    get run() {
      return run
    },
    async append(events) {
      for (const batch of batchesOf(events)) {
        if (!(await appendAt(endpoint, run.runId, batch, patience))) {
          const { run: now } = await readRun(endpoint, unreadRun(run.runId), patience)
          // Only we write in our epoch: if its last event is there, it was the answer that was lost.
          if (now.incarnation !== claimed.incarnation || now.n !== run.n + batch.length)
            throw new RunLost(`Run ${run.runId} is held by another worker.`)
        }
        run = foldRun(run, batch)
      }
    },
  }
}

/** `false` where an append at this or a later place was there before. */
async function appendAt(
  endpoint: FindEndpoint,
  runId: RunId,
  events: readonly RunEvent[],
  patience: Patience,
): Promise<boolean> {
  const [first] = events
  if (first === undefined) return true
  try {
    await appendTo(endpoint, paths.runEvents(runId), events, { ...patience, streamSeq: placeSeqOf(first) })
    return true
  } catch (error) {
    if (error instanceof StreamError && error.code === "conflict") return false
    throw error
  }
}

/** A server takes so much in one append. */
const BATCH_BYTES = 512 * 1024

function batchesOf(events: readonly RunEvent[]): readonly (readonly RunEvent[])[] {
  const batches: RunEvent[][] = []
  let room = 0
  for (const event of events) {
    const bytes = events.length === 1 ? 0 : JSON.stringify(event).length
    const last = batches.at(-1)
    if (last === undefined || bytes > room) {
      batches.push([event])
      room = BATCH_BYTES - bytes
    } else {
      last.push(event)
      room -= bytes
    }
  }
  return batches
}

export function ownerOfSelf(): Identity & { readonly host: string } {
  const self = identityOf(process.pid)
  if (self === null) throw new Error("The system does not tell when this process started.")
  return { ...self, host: machineName() }
}
