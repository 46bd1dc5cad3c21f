import { expect, test } from "vitest"
import { runFoldsOf } from "#src/workflows/folds"
import { claimRun, createRun, RunLost, readRun, unreadRun } from "#src/workflows/run-log"
import { newRunId, type RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { createStream, readToTail } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import { advance } from "#streams/workflow/advance"
import { UNLIMITED } from "#streams/workflow/plan"
import { streamServer } from "../../support/stream-server.ts"
import { defined } from "../../support/workflow-world.ts"

const definition = defined(`
name: short
steps:
  - { id: a, kind: transform, value: 1 }
  - { id: b, kind: transform, value: "{{steps.a.output + 1}}" }
`)
const created = { type: "run_created", definition, inputs: {}, workingDir: "/", startedBy: "user" } as const
const now = { now: 0, random: () => 0, room: UNLIMITED, blobs: new Map() }

async function typesIn(endpoint: FindEndpoint, runId: RunId): Promise<readonly string[]> {
  const types: string[] = []
  for await (const { items } of readToTail(endpoint, paths.runEvents(runId)))
    types.push(...items.map((item) => (item as { type: string }).type))
  return types
}

/** A run that was made, and how often a request of that kind is sent from here on. */
async function made() {
  const server = await streamServer()
  const runId = newRunId()
  await createStream(server.endpoint, paths.runs)
  await createRun(server.endpoint, runId, { events: [created] })
  const sent: string[] = []
  const patience = {
    fetch: ((input, init) => {
      sent.push(`${init?.method} ${new URL(String(input)).pathname.split("/").at(-1)}`)
      return fetch(input, init)
    }) as typeof fetch,
  }
  return { server, runId, sent, patience, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test("a run is made by one request, and one that is made again stays as it was", async () => {
  await using server = await streamServer()
  const [runId, sent] = [newRunId(), [] as string[]]
  const counting = ((input, init) => {
    sent.push(String(init?.method))
    return fetch(input, init)
  }) as typeof fetch
  await createRun(server.endpoint, runId, { events: [created], fetch: counting })
  expect(sent).toEqual(["PUT"])
  await createRun(server.endpoint, runId, { events: [{ ...created, workingDir: "/elsewhere" }] })
  const { run } = await readRun(server.endpoint, unreadRun(runId), {})
  expect(run).toMatchObject({ workingDir: "/", n: 0, illegal: 0 })
})

test("a log that an older release made and left empty gets its first event", async () => {
  await using server = await streamServer()
  const runId = newRunId()
  await createStream(server.endpoint, paths.runEvents(runId))
  const empty = await readRun(server.endpoint, unreadRun(runId), {})
  expect(await claimRun(server.endpoint, empty, {})).toBeNull()
  await createRun(server.endpoint, runId, { events: [created] })
  expect(await typesIn(server.endpoint, runId)).toEqual(["run_created"])
})

test("the claim of a new run and all that follows without going outside are one append", async () => {
  await using one = await made()
  const { server, runId, sent, patience } = one
  const log = await claimRun(
    server.endpoint,
    await readRun(server.endpoint, unreadRun(runId), patience),
    patience,
  )
  if (log === null) throw new Error("Nobody else is there.")
  await log.append(advance(log.run, [], now).events)
  expect(sent).toEqual(["GET events", "POST events"])
  expect(log.run).toMatchObject({ status: "completed", epoch: 1, illegal: 0, output: { value: 2 } })
  const { run } = await readRun(server.endpoint, unreadRun(runId), {})
  expect(run).toEqual(log.run)
})

test("an append whose answer is lost is known as one's own", async () => {
  await using one = await made()
  const { server, runId } = one
  let lose = true
  const losing = (async (input, init) => {
    const answer = await fetch(input, init)
    if (init?.method !== "POST" || !lose) return answer
    lose = false
    throw new TypeError("The connection was cut.")
  }) as typeof fetch
  const read = await readRun(server.endpoint, unreadRun(runId), {})
  const log = await claimRun(server.endpoint, read, { fetch: losing })
  if (log === null) throw new Error("Nobody else is there.")
  await log.append(advance(log.run, [], now).events)
  expect(lose).toBe(false)
  expect(log.run.status).toBe("completed")
  expect(await typesIn(server.endpoint, runId)).toHaveLength(log.run.n + 2)
})

test("a list is told of a run together with its events, and of nothing that is not in its log", async () => {
  await using one = await made()
  const { server, runId } = one
  const told = (status: string) => [{ name: paths.runs, body: JSON.stringify([{ status }]) }]
  const listed = async () => {
    const items: unknown[] = []
    for await (const batch of readToTail(server.endpoint, paths.runs)) items.push(...batch.items)
    return items
  }
  const read = await readRun(server.endpoint, unreadRun(runId), {})
  const [log, late] = await Promise.all([1, 2].map(() => claimRun(server.endpoint, read, {})))
  if (!log || !late) throw new Error("A first claim goes with the first events.")
  await log.append(advance(log.run, [], now).events, told("completed"))
  await expect(late.append(advance(late.run, [], now).events, told("failed"))).rejects.toThrow(RunLost)
  expect(await listed()).toEqual([{ status: "completed" }])
  await log.append([], told("completed again"))
  expect(await listed()).toHaveLength(2)
})

test("a log is read once for all who look at the run at the same time", async () => {
  await using one = await made()
  const { server, runId, sent, patience } = one
  const folds = runFoldsOf(server.endpoint, patience)
  const runs = await Promise.all(Array.from({ length: 20 }, () => folds.run(runId)))
  expect(new Set(runs.map(({ run }) => run)).size).toBeLessThanOrEqual(2)
  expect(sent.filter((request) => request === "GET events").length).toBeLessThanOrEqual(2)
  await expect(folds.run(newRunId())).rejects.toMatchObject({ reason: "unknown_run" })
})
