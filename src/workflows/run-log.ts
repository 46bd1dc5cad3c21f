/**
 * The log of one run. A worker claims it by compare-and-append and writes it until somebody else does: each append
 * says its place in `Stream-Seq`, so the server refuses whoever lost it, and its place makes the event's id, so a
 * repeat is the same event.
 */
import { randomUUID } from "node:crypto"
import { type Identity, identityOf } from "#daemon/process/identity"
import { machineName } from "#daemon/process/machine"
import { batchesOf } from "#streams/batches"
import { type ChangeStreams, changingOneByOne, type StreamChange } from "#streams/changes"
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import { stamped } from "#streams/workflow/advance"
import { parseRunEvent, placeSeqOf, type RunEvent, type UnstampedRunEvent } from "#streams/workflow/event"
import { emptyRun, type Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { version } from "../package-root.ts"

export interface FoldedRun {
  readonly run: Run
  readonly offset: string
  /** Events that were read for it. */
  readonly read: number
}

/** Reads on from what is known, or from the start, to the tail. Throws `stream_missing` where there is no such run. */
export async function readRun(
  endpoint: FindEndpoint,
  { run, offset, read: before }: FoldedRun,
  patience: Patience,
): Promise<FoldedRun> {
  let [now, at, read] = [run, offset, before]
  for await (const batch of readToTail(endpoint, paths.runEvents(run.runId), { ...patience, offset })) {
    now = foldRun(
      now,
      batch.items.map(parseRunEvent).filter((event) => event !== null),
    )
    at = batch.offset
    read += batch.items.length
  }
  return { run: now, offset: at, read }
}

export const unreadRun = (runId: RunId): FoldedRun => ({ run: emptyRun(runId), offset: START, read: 0 })

/** Somebody else holds the run: whoever hears this stops at once. */
export class RunLost extends Error {
  override readonly name = "RunLost"
}

export interface RunLog {
  /** All that is in the log, as far as it is durable, and its claim. */
  readonly run: Run
  /** Behind the last append; `null` before the first, and where its answer was lost. */
  readonly offset: string | null
  /**
   * Resolves when they are durable, which follow on {@link run}, and then `told` as well: what other streams are told of
   * it, never ahead of them. Throws {@link RunLost}, and tells nothing then.
   */
  append(events: readonly RunEvent[], told?: readonly StreamChange[]): Promise<void>
}

/** `change`: how streams are changed, where that is not a request each. */
export type LogAccess = Patience & { readonly change?: ChangeStreams }

/** Makes the log with its first events in it, and then tells `told`. One that was there before stays as it is. */
export async function createRun(
  endpoint: FindEndpoint,
  runId: RunId,
  {
    events,
    told = [],
    change,
    ...patience
  }: LogAccess & {
    readonly events: readonly UnstampedRunEvent[]
    readonly told?: readonly StreamChange[]
  },
): Promise<void> {
  const first = stamped({ runId, epoch: 0, n: -1 }, events, Date.now())
  const body = JSON.stringify(first)
  const changing = change ?? changingOneByOne(endpoint, patience)
  const [made] = await changing([{ name: paths.runEvents(runId), body, create: true }, ...told])
  // An older release made it empty first, and may have ended then.
  if (made?.created === false && (await readRun(endpoint, unreadRun(runId), patience)).read === 0)
    await appendAt(changing, runId, { batch: first, body })
}

/** The log from here on, as its only writer; `null` where somebody else was faster, or there is nothing to claim yet. */
export async function claimRun(
  endpoint: FindEndpoint,
  folded: FoldedRun,
  { change, ...patience }: LogAccess,
): Promise<RunLog | null> {
  const { runId, epoch, definition } = folded.run
  if (definition === null) return null
  const incarnation = randomUUID()
  const claimed = { type: "run_claimed", incarnation, owner: ownerOfSelf(), version } as const
  const claim = stamped({ runId, epoch: epoch + 1, n: -1 }, [claimed], Date.now())
  const changing = change ?? changingOneByOne(endpoint, patience)
  const options = { changing, patience }
  // Nobody has written anything that we have not read: the claim goes with what we say first, and fails with it.
  if (epoch === 0) return logOf(endpoint, foldRun(folded.run, claim), { ...options, unsaid: claim })
  await appendAt(changing, runId, { batch: claim, body: JSON.stringify(claim) })
  // What the owner before us wrote between our reading and our claim counts; a claim whose answer was lost, too.
  const { run } = await readRun(endpoint, folded, patience)
  return run.incarnation === incarnation ? logOf(endpoint, run, { ...options, unsaid: [] }) : null
}

function logOf(
  endpoint: FindEndpoint,
  claimed: Run,
  options: {
    readonly unsaid: readonly RunEvent[]
    readonly changing: ChangeStreams
    readonly patience: Patience
  },
): RunLog {
  const { changing, patience } = options
  const { runId, incarnation } = claimed
  let { unsaid } = options
  let run = claimed
  let offset: string | null = null
  return {
    get run() {
      return run
    },
    get offset() {
      return offset
    },
    async append(events, told = []) {
      const batches = [...inBatches([...unsaid, ...events])]
      for (const [index, { batch, body }] of batches.entries()) {
        const n = batch.at(-1)?.n
        const along = index === batches.length - 1 ? told : []
        offset = await appendAt(changing, runId, { batch, body }, along)
        if (offset === null) {
          const { run: now } = await readRun(endpoint, unreadRun(runId), patience)
          // Only we write in our epoch: if its last event is there, it was the answer that was lost.
          if (now.incarnation !== incarnation || now.n !== n)
            throw new RunLost(`Run ${runId} is held by another worker.`)
          await changing(along)
        }
        unsaid = []
        run = foldRun(run, batch)
      }
      if (batches.length === 0) await changing(told)
    },
  }
}

/** Events that are appended together, and as they are sent. */
interface Batch {
  readonly batch: readonly RunEvent[]
  readonly body: string
}

/** Gives the offset behind it; `null` where an append at this or a later place was there before: nothing is told then. */
async function appendAt(
  changing: ChangeStreams,
  runId: RunId,
  { batch: [first], body }: Batch,
  told: readonly StreamChange[] = [],
): Promise<string | null> {
  const streamSeq = first && placeSeqOf(first)
  try {
    const [appended] = await changing([{ name: paths.runEvents(runId), body, streamSeq }, ...told])
    return appended?.offset ?? null
  } catch (error) {
    if (error instanceof StreamError && error.code === "conflict") return null
    throw error
  }
}

function* inBatches(events: readonly RunEvent[]): Generator<Batch> {
  let from = 0
  for (const { body, count } of batchesOf(events.map((event) => JSON.stringify(event)))) {
    yield { batch: events.slice(from, from + count), body }
    from += count
  }
}

let owner: (Identity & { readonly host: string }) | null = null

/** Who we are stays the same for as long as we are. */
export function ownerOfSelf(): Identity & { readonly host: string } {
  if (owner !== null) return owner
  const self = identityOf(process.pid)
  if (self === null) throw new Error("The system does not tell when this process started.")
  owner = { ...self, host: machineName() }
  return owner
}
