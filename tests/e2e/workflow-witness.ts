/**
 * What steps really did, told by themselves: each writes a line into a journal when it begins and one when it has
 * ended. And what no log of a run may say, whatever was killed meanwhile.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import type { RunEvent } from "#streams/workflow/event"
import { emptyRun, type Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import type { Installation } from "./installation.ts"
import { type Logs, runEventsOf } from "./workflow-runs.ts"

/**
 * A step, as a line of YAML, that takes so long between its two lines, or until there is a file of that name. `more`
 * are further fields of it.
 */
export const witnessed = (
  id: string,
  {
    seconds = 0,
    until,
    needs = [],
    more = "",
    fails = false,
  }: {
    readonly seconds?: number
    readonly until?: string
    readonly needs?: readonly string[]
    readonly more?: string
    readonly fails?: boolean
  } = {},
): string => {
  const end = fails ? "exit 1" : `echo "end $RUN ${id}" >> journal; echo ${id}`
  const work = until === undefined ? `sleep ${seconds}` : `while [ ! -e ${until} ]; do sleep 0.1; done`
  const script = `echo "begin $RUN ${id}" >> journal; ${work}; ${end}`
  const tail = more === "" ? "" : `, ${more}`
  return `  - { id: ${id}, kind: command, needs: [${needs.join(", ")}], env: { RUN: "{{run.id}}" }, command: '${script}'${tail} }`
}

export const workflowOf = (name: string, ...steps: readonly string[]): string =>
  [`name: ${name}`, "steps:", ...steps, ""].join("\n")

/** The lines of the journal: `begin RUN STEP` and `end RUN STEP`. */
export function journalOf({ workingDir }: Pick<Installation, "workingDir">): readonly string[] {
  const file = join(workingDir, "journal")
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
}

export const timesIn = (agentz: Pick<Installation, "workingDir">, line: string): number =>
  journalOf(agentz).filter((one) => one === line).length

export async function untilJournal(
  agentz: Pick<Installation, "workingDir">,
  line: string,
  withinMs = 60_000,
): Promise<void> {
  const limit = performance.now() + withinMs
  while (timesIn(agentz, line) === 0) {
    if (performance.now() > limit) throw new Error(`Never “${line}” in ${JSON.stringify(journalOf(agentz))}`)
    await wait(20)
  }
}

const ENDS = new Set<RunEvent["type"]>(["workflow_complete", "workflow_cancelled"])

/** Throws where the log says what it may not, or not what its steps did. Gives the run that it tells of. */
export async function judged(agentz: Logs & Pick<Installation, "workingDir">, runId: RunId): Promise<Run> {
  const events = await runEventsOf(agentz, runId)
  const run = foldRun(emptyRun(runId), events)
  const told = `${runId}: ${JSON.stringify(events.map(({ type, epoch, n }) => `${epoch}.${n} ${type}`))}`
  // A foreign store may have an event twice; ours has each place once, in order, under an epoch that was claimed.
  const places = events.map(({ epoch, n }) => epoch * 1_000_000 + n)
  expect(places, told).toEqual([...new Set(places)].sort((a, b) => a - b))
  for (const { epoch, n, type } of events) if (epoch > 0) expect(n === 0, told).toBe(type === "run_claimed")
  expect(run.illegal, told).toBe(0)
  expect(events.filter(({ type }) => ENDS.has(type)).length, told).toBeLessThanOrEqual(1)
  // Cut anywhere and gone on with, by another process for one, it is the same run.
  const cut = Math.floor(events.length / 2)
  expect(foldRun(foldRun(emptyRun(runId), events.slice(0, cut)), events.slice(cut)), told).toEqual(run)

  const done = new Set<string>()
  for (const event of events) {
    if (event.type !== "step_start" && event.type !== "step_complete") continue
    const once = `${event.stepId} of generation ${event.generation}`
    if (event.type === "step_complete") done.add(once)
    else expect(done.has(once), `${once} was done and began again. ${told}`).toBe(false)
  }
  const journal = journalOf(agentz)
  for (const { stepId, attempts, status } of run.steps.values()) {
    const begun = journal.filter((line) => line === `begin ${runId} ${stepId}`).length
    const ended = journal.filter((line) => line === `end ${runId} ${stepId}`).length
    expect(begun, `${stepId} began more often than its log says. ${told}`).toBeLessThanOrEqual(
      attempts.length,
    )
    if (status !== "completed" || begun === 0) continue
    expect(ended, `${stepId} is completed and never ended. ${told}`).toBeGreaterThan(0)
    expect(ended, told).toBeLessThanOrEqual(begun)
  }
  return run
}

/** How it came about that a run did something twice: its log, and what its sessions said but for their words. */
export async function toldOf(agentz: Installation, runId: RunId): Promise<readonly string[]> {
  const log = await runEventsOf(agentz, runId)
  const sessions = new Set(
    log.flatMap((event) => ("sessionId" in event && event.sessionId ? [event.sessionId] : [])),
  )
  const said = await Promise.all([...sessions].map((sessionId) => agentz.events(sessionId)))
  return [...log, ...said.flat()].sort((a, b) => (a.at < b.at ? -1 : 1)).map((event) => JSON.stringify(event))
}

/** That the API, whichever it is now, tells of the run what its log says. */
export async function expectTold(
  agentz: Installation,
  up: Parameters<Installation["client"]>[0],
  run: Run,
): Promise<void> {
  const { runId } = run
  const { run: told } = await agentz.client(up).workflow.status.query({ runId })
  const plain = { ...run, steps: [...run.steps.values()], taken: [...run.taken] }
  expect(told).toEqual(JSON.parse(JSON.stringify(plain)))
}
