/** Runs that an older version wrote stay readable. The log is as version 0.1.0 left it. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { RunId } from "#streams/ids"
import { faultsOf } from "#streams/workflow/check"
import { parseRunEvent } from "#streams/workflow/event"
import { emptyRun } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { standing } from "../../support/workflow-world.ts"

test("every event of a run of version 0.1.0 is read, and nothing of it is missing", () => {
  const lines = readFileSync(new URL("../../fixtures/streams/run-0.1.0.ndjson", import.meta.url), "utf8")
    .trim()
    .split("\n")
  const events = lines.map((line) => parseRunEvent(JSON.parse(line))).filter((event) => event !== null)
  expect(events).toHaveLength(lines.length)
  const run = foldRun(emptyRun(RunId.parse("run_test")), events)
  expect(run).toMatchObject({
    ...{ status: "completed", leaving: null, epoch: 3, n: 43, generation: 2, illegal: 0, ranMs: 61_000 },
    usage: { costUsd: 1.25 },
    budget: { costUsd: 10 },
    output: { type: "value", value: { title: "Tea", lint: "failed" } },
    inputs: { task: "tea", files: ["a", "b"] },
  })
  expect(run.taken.size).toBe(13)
  expect(standing(run)).toEqual({
    ...{ plan: "completed", ask: "completed", pause: "completed", signal: "completed", each: "completed" },
    ...{ never: "skipped", lint: "failed", child: "completed", sum: "completed" },
    ...{ "each/0": "completed", "each/1": "completed" },
  })
  expect(run.steps.get("plan")?.attempts.map(({ outcome, sessionId }) => [outcome, sessionId])).toEqual([
    ["lost", "ses_plan"],
    ["completed", null],
  ])
  expect(run.steps.get("each/1")?.input).toEqual({ command: ["check", "{{item}}", "--fix"] })
  expect(run.definition && faultsOf(run.definition)).toEqual([])
})
