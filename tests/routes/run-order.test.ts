import { expect, test } from "vitest"
import { askingRuns, countRuns, filterRuns, sortRuns } from "../../routes/-app/run-order.ts"
import { RunId } from "../../streams/ids.ts"
import type { ProgressRow, RunEntry } from "../../streams/workflow/registry.ts"
import type { RunStatus } from "../../streams/workflow/run.ts"

const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z`

function entry(
  name: string,
  status: RunStatus,
  minute: number,
  progress: Partial<ProgressRow> = {},
): RunEntry {
  const runId = RunId.parse(`run_${name}`)
  return {
    runId,
    workflow: name,
    title: name,
    workingDir: "/srv/work",
    startedBy: "user",
    createdAt: at(minute),
    status,
    asked: null,
    progress: {
      runId,
      epoch: 1,
      n: 1,
      status,
      leaving: null,
      steps: { total: 3, ended: 1, running: 0, failed: 0 },
      waiting: 0,
      wakeAt: null,
      costUsd: 0,
      tokens: 0,
      error: null,
      updatedAt: at(minute),
      inboxOffset: "0",
      ...progress,
    },
  }
}

const names = (entries: readonly RunEntry[]) => entries.map(({ workflow }) => workflow)

test("a run that asks comes first, the one that asks longest before the others; then what runs, then the newest", () => {
  const sorted = sortRuns([
    entry("old", "completed", 1),
    entry("runs", "running", 2),
    entry("paused", "paused", 9),
    entry("asks_late", "running", 8, { waiting: 1 }),
    entry("begins", "pending", 5),
    entry("asks_early", "running", 3, { waiting: 2 }),
  ])
  expect(names(sorted)).toEqual(["asks_early", "asks_late", "begins", "runs", "paused", "old"])
})

test("a run that has ended asks nothing, whatever its last row says", () => {
  expect(countRuns([entry("gone", "cancelled", 1, { waiting: 1 })])).toMatchObject({
    waiting: 0,
    cancelled: 1,
  })
})

test("runs are found by workflow, state and words, the words of an error too", () => {
  const entries = [
    entry("triage", "failed", 1, { error: "The socket was closed." }),
    entry("review", "running", 2),
  ]
  expect(names(filterRuns(entries, { q: "SOCKET triage" }))).toEqual(["triage"])
  expect(names(filterRuns(entries, { status: "running" }))).toEqual(["review"])
  expect(filterRuns(entries, { workflow: "review", status: "failed" })).toEqual([])
})

test("what a session of a run asks is counted with the sessions, not twice", () => {
  const runs = [
    entry("by_session", "running", 1, { waiting: 1, waitingInSessions: 1 }),
    entry("by_itself", "running", 2, { waiting: 2, waitingInSessions: 1 }),
    entry("before_that_was_told", "running", 3, { waiting: 1 }),
  ]
  expect(askingRuns(runs)).toBe(2)
})
