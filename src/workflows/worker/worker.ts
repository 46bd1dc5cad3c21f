/**
 * Holds runs: takes up every run that nobody holds and that has something to do, and lets each go when it is at
 * rest. Hears of runs, and of what is asked of them, by the rows of one stream.
 */
import { machineName } from "#daemon/process/machine"
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { wait } from "#streams/transport"
import type { ProgressRow } from "#streams/workflow/registry"
import {
  foldRuns,
  isAsked,
  isLater,
  progressRowChange,
  type RunEntry,
  type Runs,
  runsToldOf,
} from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import { errorFields } from "../../log.ts"
import type { PlaneContext } from "../../plane-context.ts"
import { textOfBlob, withBlobs } from "../outputs.ts"
import { claimRun, RunLost, readRun } from "../run-log.ts"
import { beginningOf, snapshotsOf } from "../run-snapshots.ts"
import { type Driver, type DriverDeps, drive } from "./driver.ts"
import { holdsStill } from "./ensure.ts"
import { runInboxOf } from "./inbox.ts"
import { placesOf, type StepLimits } from "./places.ts"
import { progressOf, progressWriter } from "./progress.ts"
import { followRows, type Rows } from "./rows.ts"
import { steadyClock } from "./steady-clock.ts"
import { GONE_AFTER_MS, mayTakeOver } from "./taking-over.ts"
import { unanswered } from "./unanswered.ts"

export interface WorkerOptions {
  readonly context: PlaneContext
  readonly limits: StepLimits
  /** How attempts are attended to. */
  readonly attend: (runs: Rows<Runs>) => DriverDeps["attend"]
  readonly signal: AbortSignal
}

export interface Worker extends AsyncDisposable {
  /** Milliseconds until something of its own accord is due; `null`: nothing is. 0 while something is at work. */
  dueInMs(): number | null
}

/** How often runs that another worker holds are looked at. */
const LOOK_MS = 2_000
/** A run that could not go on is left alone for so long. */
const TROUBLE_MS = 10_000

export function openWorker({ context, limits, attend, signal }: WorkerOptions): Worker {
  const { endpoint, patience, log, change } = context
  const places = placesOf(limits)
  const held = new Map<RunId, { readonly driver: Driver; readonly asked: () => void }>()
  const claiming = new Map<RunId, Promise<void>>()
  const troubled = new Map<RunId, number>()
  const now = steadyClock()
  const waiting = unanswered(() => performance.now())
  /** Runs that were let go, as they stood then: their rows may not have come back to us yet. */
  const left = new Map<RunId, ProgressRow>()
  const progress = progressWriter((rows) => change([runsToldOf(rows)]), {
    onError: (error) => log({ event: "progress_lost", ...errorFields(error) }),
  })
  /** Rows tell what was: before all of them have come, a run that is long over looks as if it were at work. */
  let isCaughtUp = false
  const runs: Rows<Runs> = followRows(endpoint, paths.runs, {
    empty: new Map(),
    fold: foldRuns,
    signal,
    onChange: (keys, value) => {
      if (!isCaughtUp) return
      for (const key of keys) {
        const entry = value.get(key as RunId)
        if (entry) consider(entry)
      }
    },
  })
  const lookAtAll = () => {
    for (const entry of runs.value.values()) if (!held.has(entry.runId)) consider(entry)
  }
  void runs.ready.then(() => {
    isCaughtUp = true
    lookAtAll()
  })
  const attending = attend(runs)

  /** Reads on where something was asked, or takes the run up where nobody holds it. */
  function consider(entry: RunEntry): void {
    const { runId } = entry
    waiting.seen(entry)
    const own = held.get(runId)
    if (own !== undefined) {
      if (isAsked(entry)) own.asked()
      return
    }
    const isLeft = (troubled.get(runId) ?? 0) > performance.now()
    if (!wantsWorker(asWeLeft(entry)) || claiming.has(runId) || isLeft || signal.aborted) return
    const work = takeUp(runId)
      .catch((error: unknown) => trouble(runId, error))
      .finally(() => claiming.delete(runId))
    claiming.set(runId, work)
  }

  function asWeLeft(entry: RunEntry): RunEntry {
    const row = left.get(entry.runId)
    if (row === undefined) return entry
    if (entry.progress === null || !isLater(entry.progress, row))
      return { ...entry, status: row.status, progress: row }
    left.delete(entry.runId)
    return entry
  }

  async function takeUp(runId: RunId): Promise<void> {
    const snapshot = runs.value.get(runId)?.progress?.snapshot
    const first = await beginningOf(endpoint, runId, { ...patience, snapshot })
    const folded = await readRun(endpoint, first, patience)
    if (!(await isFree(folded.run))) return
    const own = await claimRun(endpoint, folded, { ...patience, change })
    if (own === null || signal.aborted) return
    // Whoever takes a run over reads all that was ever asked: the log knows what was answered.
    const isAsked = own.run.epoch > 1 || runs.value.get(runId)?.asked != null
    const inbox = runInboxOf(endpoint, runId, { ...patience, isAsked })
    const snapshots = snapshotsOf(endpoint, runId, {
      patience,
      ref: first.offset === snapshot?.offset ? snapshot : undefined,
      read: folded.read,
      onSaved: () => progress.changed(rowOf(driver.run, driver.wakeAt)),
      onError: (error) => log({ event: "snapshot_lost", runId, ...errorFields(error) }),
    })
    const rowOf = (run: Run, wakeAt: number | null) =>
      progressOf(run, { wakeAt, inboxOffset: inbox.offset, snapshot: snapshots.ref })
    const driver: Driver = drive(own, {
      attend: attending,
      commands: inbox.read,
      keep: (events) => withBlobs(endpoint, runId, { events, ...patience }),
      read: async (blob) => JSON.parse(await textOfBlob(endpoint, blob, patience)),
      places,
      now,
      wall: Date.now,
      random: Math.random,
      tell: (run, wakeAt) => [runsToldOf([progressRowChange(rowOf(run, wakeAt))])],
      onProgress: ({ run, offset }, { wakeAt, isTold }) => {
        const row = rowOf(run, wakeAt)
        if (isTold) progress.told(row)
        else progress.changed(row)
        snapshots.passed(run, offset)
      },
      onError: (error) => log({ event: "step_would_not_end", runId, ...errorFields(error) }),
    })
    held.set(runId, {
      driver,
      asked() {
        inbox.asked()
        driver.wake()
      },
    })
    driver.done
      .catch((error: unknown) => trouble(runId, error))
      .finally(() => {
        held.delete(runId)
        left.set(runId, rowOf(driver.run, driver.wakeAt))
        // It may have been asked for something in the very moment in which it was let go.
        const entry = runs.value.get(runId)
        if (entry) consider(entry)
      })
  }

  function trouble(runId: RunId, error: unknown): void {
    if (signal.aborted) return
    if (!(error instanceof RunLost)) troubled.set(runId, performance.now() + TROUBLE_MS)
    log({ event: "run_let_go", runId, ...errorFields(error) })
  }

  async function isFree(run: Run): Promise<boolean> {
    const { runId, owner } = run
    if (owner === null) return true
    if (owner.host !== machineName()) {
      const waitMs = waiting.forMs(runId)
      return (
        waitMs > 0 &&
        mayTakeOver(run, await runInboxOf(endpoint, runId, { ...patience, isAsked: true }).read(), waitMs)
      )
    }
    if (owner.pid === process.pid) return true
    return !(await holdsStill(context.home.path, owner))
  }

  const looking = (async () => {
    while (!signal.aborted) {
      await wait(LOOK_MS, signal).catch(() => undefined)
      if (isCaughtUp) lookAtAll()
    }
  })()

  return {
    dueInMs() {
      if (!isCaughtUp || claiming.size > 0 || waiting.within(GONE_AFTER_MS + 2 * LOOK_MS)) return 0
      const due = [...held.values()].map(({ driver: { open, wakeAt, run } }) =>
        open > 0 || run.status === "pending" ? 0 : wakeAt === null ? null : Math.max(0, wakeAt - now()),
      )
      const times = due.filter((time) => time !== null)
      return times.length === 0 ? null : Math.min(...times)
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(claiming.values())
      for (const { driver } of held.values()) driver.release()
      await Promise.allSettled([...held.values()].map(({ driver }) => driver.done))
      await progress.flushed()
      await Promise.allSettled([looking, runs.done])
    },
  }
}

/** Whether there is anything for a worker to do. A run that is at rest waits for somebody to ask something of it. */
const wantsWorker = (entry: RunEntry): boolean =>
  entry.status === "pending" || entry.status === "running" || isAsked(entry)
