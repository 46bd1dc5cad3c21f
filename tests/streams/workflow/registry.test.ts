import { expect, test } from "vitest"
import { newCommandId, newRunId, newScheduleId, newWebhookId, runIdOf } from "#streams/ids"
import { isStreamName, paths } from "#streams/paths"
import { parseRunCommand } from "#streams/workflow/command"
import {
  emptyRuns,
  emptyWorkflows,
  firingRowChange,
  foldRuns,
  foldWorkflows,
  type ProgressRow,
  progressRowChange,
  runRowChange,
  runRowRemovals,
  scheduleRowChange,
  scheduleRowRemovals,
  webhookRowChange,
  webhookRowRemoval,
  workflowRowChange,
  workflowRowRemoval,
} from "#streams/workflow/registry"
import { attemptKey } from "#streams/workflow/run"
import { defined } from "../../support/workflow-world.ts"

const AT = "2030-01-01T00:00:00Z"
const runId = newRunId()
const row = { runId, workflow: "w", title: "W", workingDir: "/", startedBy: "user", createdAt: AT } as const
const progress = (epoch: number, n: number): ProgressRow => ({
  ...{ runId, epoch, n, status: "running", leaving: null, waiting: 0, wakeAt: null, costUsd: 0, tokens: 0 },
  ...{ steps: { total: 1, ended: 0, running: 1, failed: 0 }, error: null, updatedAt: AT, inboxOffset: "-1" },
})

test("a run is listed with how it stands; an older worker's word does not count", () => {
  const runs = foldRuns(emptyRuns, [
    progressRowChange(progress(1, 1)),
    runRowChange(row),
    progressRowChange(progress(2, 3)),
    progressRowChange(progress(1, 9)),
    progressRowChange(progress(2, 2)),
    { type: "run", key: "x", value: { odd: true }, headers: { operation: "upsert" } },
    "nonsense",
  ])
  expect([...runs.values()]).toEqual([{ ...row, progress: progress(2, 3), asked: null, status: "running" }])
  expect(foldRuns(runs, [runRowChange({ ...row, title: "V" })]).get(runId)).toMatchObject({
    title: "V",
    progress: { n: 3 },
  })
  expect(foldRuns(runs, runRowRemovals(runId)).size).toBe(0)
  expect(runs.size).toBe(1)
})

test("workflows and what starts them are kept by name and id, and can be removed", () => {
  const definition = defined("{ name: w, steps: [{ id: a, kind: wait, for: 1s }] }")
  const scheduleId = newScheduleId()
  const webhookId = newWebhookId()
  const start = { workflow: "w", inputs: {}, workingDir: "/", enabled: true, createdAt: AT }
  const all = foldWorkflows(emptyWorkflows, [
    workflowRowChange({ name: "w", definition, source: "…", hash: "h", updatedAt: AT }),
    scheduleRowChange({
      ...start,
      scheduleId,
      when: { type: "cron", cron: "0 3 * * *", timeZone: "UTC" },
      overlap: "skip",
    }),
    firingRowChange({ scheduleId, dueAt: AT, runId }),
    webhookRowChange({ ...start, webhookId, secretHash: "s" }),
    { type: "webhook", key: "y", value: {}, headers: { operation: "upsert" } },
  ])
  expect(all).toMatchObject({
    workflows: new Map([["w", { hash: "h" }]]),
    schedules: new Map([[scheduleId, { overlap: "skip" }]]),
    firings: new Map([[scheduleId, { runId }]]),
    webhooks: new Map([[webhookId, { secretHash: "s" }]]),
  })
  const none = foldWorkflows(all, [
    workflowRowRemoval("w"),
    ...scheduleRowRemovals(scheduleId),
    webhookRowRemoval(webhookId),
  ])
  expect(Object.values(none).map(({ size }) => size)).toEqual([0, 0, 0, 0])
})

test("the streams of a run have names, and the same key names the same run", async () => {
  for (const name of [paths.runs, paths.workflows, paths.runEvents(runId), paths.runInbox(runId)])
    expect(isStreamName(name), name).toBe(true)
  expect(await runIdOf("key")).toBe(await runIdOf("key"))
  expect(await runIdOf("key")).not.toBe(await runIdOf("other"))
})

test("an attempt has one key for good, and another than any other attempt", () => {
  const keys = [0, 1].flatMap((generation) =>
    [1, 2].flatMap((attempt) =>
      ["a", "a/1"].map((stepId) => attemptKey(runId, { stepId, generation, attempt })),
    ),
  )
  expect(new Set(keys).size).toBe(8)
})

test("a command that is not known here, or is off, is skipped", () => {
  const commandId = newCommandId()
  expect(parseRunCommand({ type: "pause", commandId, at: AT })).toMatchObject({ type: "pause" })
  expect(parseRunCommand({ type: "dance", commandId, at: AT })).toBeNull()
  expect(parseRunCommand({ type: "retry_step", commandId, at: AT, stepId: "a/b/c" })).toBeNull()
  expect(
    parseRunCommand({ type: "retry_step", commandId, at: AT, stepId: "a", input: { odd: 1 } }),
  ).toBeNull()
})
