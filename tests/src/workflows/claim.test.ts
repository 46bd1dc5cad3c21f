/** Who holds a run: on the real stream server, by many at once, and by one who lost it and does not know. */
import { expect, test } from "vitest"
import { claimRun, createRun, RunLost, readRun, unreadRun } from "#src/workflows/run-log"
import { newRunId, type RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, createStream, readToTail } from "#streams/stream"
import { stamped } from "#streams/workflow/advance"
import { parseRunEvent, placeSeqOf, type RunEvent, type UnstampedRunEvent } from "#streams/workflow/event"
import { emptyRun } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { streamServer } from "../../support/stream-server.ts"
import { defined } from "../../support/workflow-world.ts"

const ONE = defined("name: one\nsteps:\n  - { id: only, kind: command, command: [x] }\n")
const STARTED: UnstampedRunEvent = { type: "step_start", stepId: "only", generation: 0, attempt: 1 }

type Server = Awaited<ReturnType<typeof streamServer>>

async function made({ endpoint }: Server): Promise<RunId> {
  const runId = newRunId()
  await createStream(endpoint, paths.runEvents(runId))
  const created = { definition: ONE, inputs: {}, workingDir: "/work", startedBy: "user" } as const
  await createRun(endpoint, runId, { events: [{ type: "run_created", ...created }] })
  return runId
}

async function logOf({ endpoint }: Server, runId: RunId): Promise<readonly RunEvent[]> {
  const items: unknown[] = []
  for await (const batch of readToTail(endpoint, paths.runEvents(runId))) items.push(...batch.items)
  return items.map(parseRunEvent).filter((event) => event !== null)
}

test("of those that claim a run at the same time one has it, in each of 50 races, and no other writes into its log", async () => {
  await using server = await streamServer()
  for (let race = 0; race < 50; race++) {
    const runId = await made(server)
    const folded = await readRun(server.endpoint, unreadRun(runId), {})
    const claims = await Promise.all(
      Array.from({ length: 2 + (race % 4) }, () => claimRun(server.endpoint, folded, {})),
    )
    // A claim goes with the first append: whoever is too late has said nothing then.
    const outcomes = await Promise.allSettled(
      claims.map(async (log) => await log?.append(stamped(log.run, [STARTED], Date.now()))),
    )
    const lost = outcomes.filter((outcome) => outcome.status === "rejected")
    expect(lost).toHaveLength(claims.length - 1)
    for (const { reason } of lost) expect(reason).toBeInstanceOf(RunLost)
    const events = await logOf(server, runId)
    expect(events.map(({ type }) => type)).toEqual(["run_created", "run_claimed", "step_start"])
    expect(foldRun(emptyRun(runId), events)).toMatchObject({ epoch: 1, illegal: 0 })
  }
})

test("who lost the run is told at its next append, and what it would have said is nowhere", async () => {
  await using server = await streamServer()
  const runId = await made(server)
  const claim = async () => {
    const log = await claimRun(server.endpoint, await readRun(server.endpoint, unreadRun(runId), {}), {})
    await log?.append([])
    return log
  }
  const [first, second] = [await claim(), await claim()]
  if (first === null || second === null) throw new Error("Nobody has it.")
  await expect(first.append(stamped(first.run, [STARTED], Date.now()))).rejects.toThrow(RunLost)
  await second.append(stamped(second.run, [STARTED], Date.now()))
  const events = await logOf(server, runId)
  expect(events.map(({ epoch, type }) => `${epoch} ${type}`)).toEqual([
    "0 run_created",
    "1 run_claimed",
    "2 run_claimed",
    "2 step_start",
  ])
})

test("an append whose answer was lost is not made twice, and its writer keeps the run", async () => {
  await using server = await streamServer()
  const runId = await made(server)
  const log = await claimRun(server.endpoint, await readRun(server.endpoint, unreadRun(runId), {}), {})
  if (log === null) throw new Error("Nobody has it.")
  await log.append([])
  const events = stamped(log.run, [STARTED], Date.now())
  // It arrived, and nobody was told.
  const [event] = events
  if (event === undefined) throw new Error("Nothing to say.")
  await appendTo(server.endpoint, paths.runEvents(runId), events, { streamSeq: placeSeqOf(event) })
  await log.append(events)
  expect(log.run.steps.get("only")?.status).toBe("running")
  expect(await logOf(server, runId)).toHaveLength(3)
})
