/**
 * Folds of long runs, kept beside their logs, so that whoever looks at one for the first time need not read thousands
 * of events. The worker that holds a run writes them; where one is missing or of another form the log is read.
 */
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { blobOf } from "#daemon/blob-of"
import { wholeBlob, writeBlob } from "#streams/blob"
import type { RunId } from "#streams/ids"
import { deleteStream } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import type { SnapshotRef } from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import { runOfSnapshot, snapshotOf } from "#streams/workflow/run-snapshot"
import { runFoldVersion } from "../folds/fold-version.ts"
import { type FoldedRun, unreadRun } from "./run-log.ts"

const zip = promisify(gzip)
const unzip = promisify(gunzip)

/** So many events are read without waiting. */
const EVERY = 500

/** Where the reading of a run begins: at its snapshot, or at the start of its log. */
export async function beginningOf(
  endpoint: FindEndpoint,
  runId: RunId,
  { snapshot, ...patience }: Patience & { readonly snapshot: SnapshotRef | undefined },
): Promise<FoldedRun> {
  const run = snapshot === undefined ? null : await readSnapshot(endpoint, snapshot, patience)
  return snapshot === undefined || run?.runId !== runId
    ? unreadRun(runId)
    : { run, offset: snapshot.offset, read: 0 }
}

async function readSnapshot(
  endpoint: FindEndpoint,
  { blob }: SnapshotRef,
  patience: Patience,
): Promise<Run | null> {
  try {
    const text = (await unzip(await wholeBlob(endpoint, blob, patience))).toString("utf8")
    return runOfSnapshot(JSON.parse(text), await runFoldVersion())
  } catch (error) {
    // The one before goes when there is a newer one; half of one is none.
    if (error instanceof StreamError && error.code !== "stream_missing") throw error
    return null
  }
}

export interface RunSnapshots {
  /** The newest one. */
  readonly ref: SnapshotRef | undefined
  /** The run as it is durable up to `offset`, `read` events behind where this worker took it up. */
  passed(run: Run, offset: string | null): void
}

export interface SnapshotsOptions {
  readonly patience: Patience
  /** The one that the run was read from. */
  readonly ref: SnapshotRef | undefined
  /** Events that had to be read behind it. */
  readonly read: number
  readonly onSaved: () => void
  readonly onError: (error: unknown) => void
}

/** Writes one whenever enough has happened since the last. */
export function snapshotsOf(
  endpoint: FindEndpoint,
  runId: RunId,
  { patience, ref: first, read, onSaved, onError }: SnapshotsOptions,
): RunSnapshots {
  let ref = first
  /** The place of this worker's epoch up to which the newest one goes. */
  let savedAt = -read
  let isSaving = false

  async function save(run: Run, offset: string): Promise<void> {
    const zipped = await zip(JSON.stringify(snapshotOf(run, await runFoldVersion())))
    const blob = blobOf(runId, new Uint8Array(zipped))
    await writeBlob(endpoint, blob, { ...patience, type: "application/gzip" })
    const next = { ...blob.ref, offset }
    const before = ref
    ref = next
    savedAt = run.n
    onSaved()
    if (before !== undefined && before.blob !== next.blob) await deleteStream(endpoint, before.blob, patience)
  }

  return {
    get ref() {
      return ref
    },
    passed(run, offset) {
      if (isSaving || offset === null || run.n - savedAt < EVERY) return
      isSaving = true
      save(run, offset)
        .catch(onError)
        .finally(() => {
          isSaving = false
        })
    },
  }
}
