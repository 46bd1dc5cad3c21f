import { expect, test } from "vitest"
import { runFoldsOf } from "#src/workflows/folds"
import { claimRun, createRun, readRun, unreadRun } from "#src/workflows/run-log"
import { beginningOf, snapshotsOf } from "#src/workflows/run-snapshots"
import { progressOf } from "#src/workflows/worker/progress"
import { newRunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, createStream, START } from "#streams/stream"
import { advance } from "#streams/workflow/advance"
import { UNLIMITED } from "#streams/workflow/plan"
import { progressRowChange, runRowChange, type SnapshotRef } from "#streams/workflow/registry"
import { streamServer } from "../../support/stream-server.ts"
import { defined } from "../../support/workflow-world.ts"

const definition = defined(`
name: long
inputs: { list: { type: list } }
steps:
  - { id: m, kind: map, over: inputs.list, step: { kind: transform, value: "{{item}}!" } }
  - { id: s, kind: wait, needs: [m], signal: go }
`)
const list = Array.from({ length: 400 }, (_, n) => `item ${n}`)
const created = {
  type: "run_created",
  definition,
  inputs: { list },
  workingDir: "/",
  startedBy: "user",
} as const

/** A run of some 800 events that waits, with its snapshot. */
async function snapshot() {
  const server = await streamServer()
  const { endpoint } = server
  const runId = newRunId()
  await createStream(endpoint, paths.runs)
  await createRun(endpoint, runId, { events: [created] })
  const read = await readRun(endpoint, unreadRun(runId), {})
  const log = await claimRun(endpoint, read, {})
  if (log === null) throw new Error("Nobody else is there.")
  await log.append(
    advance(log.run, [], { now: 0, random: () => 0, room: UNLIMITED, blobs: new Map() }).events,
  )
  const take = (ref: SnapshotRef | undefined, behind: number) =>
    new Promise<SnapshotRef>((saved, failed) => {
      const snapshots = snapshotsOf(endpoint, runId, {
        patience: {},
        ref,
        read: behind,
        onSaved: () => (snapshots.ref ? saved(snapshots.ref) : undefined),
        onError: failed,
      })
      snapshots.passed(log.run, log.offset)
    })
  const ref = await take(undefined, 1)
  return {
    server,
    endpoint,
    runId,
    log,
    ref,
    take,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test("a run with a snapshot is read from there, and is the run that its log says", async () => {
  await using one = await snapshot()
  const { endpoint, runId, log, ref } = one
  const from = await beginningOf(endpoint, runId, { snapshot: ref })
  expect(from.offset).toBe(log.offset)
  expect(await readRun(endpoint, from, {})).toMatchObject({ read: 0, run: { n: log.run.n } })
  expect((await readRun(endpoint, from, {})).run).toEqual((await readRun(endpoint, unreadRun(runId), {})).run)
  expect(ref.bytes).toBeLessThan(40_000)
})

test("the list of runs leads to the snapshot, so a first look does not read the log from its start", async () => {
  await using one = await snapshot()
  const { endpoint, runId, log, ref } = one
  const row = {
    runId,
    workflow: "long",
    title: "long",
    workingDir: "/",
    startedBy: "user",
    createdAt: "",
  } as const
  const progress = progressOf(log.run, { inboxOffset: START, wakeAt: null, snapshot: ref })
  await appendTo(endpoint, paths.runs, [runRowChange(row), progressRowChange(progress)])
  const read: string[] = []
  const fetching = ((input, init) => {
    const { pathname, search } = new URL(String(input))
    if (pathname.endsWith(paths.runEvents(runId))) read.push(search)
    return fetch(input, init)
  }) as typeof fetch
  const folds = runFoldsOf(endpoint, { fetch: fetching })
  expect((await folds.run(runId)).run).toEqual(log.run)
  expect(read).toEqual([`?offset=${ref.offset}`])
})

test("a newer snapshot takes the place of the one before, and who still knows that one reads the log", async () => {
  await using one = await snapshot()
  const { endpoint, runId, log, ref, take } = one
  await log.append(
    advance(log.run, [{ type: "signal_received", name: "other" }], {
      ...{ now: 0, random: () => 0, room: UNLIMITED, blobs: new Map() },
    }).events,
  )
  const next = await take(ref, 1_000)
  expect(next.blob).not.toBe(ref.blob)
  const offsetFrom = async (snapshot: SnapshotRef) =>
    (await beginningOf(endpoint, runId, { snapshot })).offset
  await expect.poll(() => offsetFrom(ref)).toBe(START)
  expect((await beginningOf(endpoint, runId, { snapshot: next })).run).toEqual(log.run)
})
