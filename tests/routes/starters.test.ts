import { expect, test } from "vitest"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { typedOf } from "../../routes/-app/start-form.ts"
import { startRequestOf, whenOf } from "../../routes/-app/starters.ts"

const definition = {
  name: "nightly",
  inputs: { word: { type: "string", default: "one" }, task: { type: "string" } },
  steps: [],
} as unknown as WorkflowDefinition

const start = { typed: typedOf(definition.inputs ?? {}), dir: "", bodyInput: "" }
const when = { kind: "every" as const, every: "30m", cron: "0 3 * * *", timeZone: "" }

test("when a schedule is due is asked for as it was typed, and not before anything was", () => {
  expect(whenOf(when)).toEqual({ every: "30m" })
  expect(whenOf({ ...when, every: " " })).toBeNull()
  expect(whenOf({ ...when, kind: "cron" })).toEqual({ cron: "0 3 * * *" })
  expect(whenOf({ ...when, kind: "cron", timeZone: "Europe/Berlin" })).toEqual({
    cron: "0 3 * * *",
    timeZone: "Europe/Berlin",
  })
  expect(whenOf({ ...when, kind: "cron", cron: "" })).toBeNull()
})

test("an input that is missing is named, but for the one that the body of a request is", () => {
  expect(startRequestOf(definition, start)).toEqual({ wrong: { task: expect.any(String) } })
  expect(startRequestOf(definition, { ...start, bodyInput: "task" })).toEqual({
    name: "nightly",
    inputs: { word: "one" },
    bodyInput: "task",
  })
  const typed = { ...start.typed, task: "do it" }
  expect(startRequestOf(definition, { ...start, typed, dir: " /w " })).toEqual({
    name: "nightly",
    inputs: { word: "one", task: "do it" },
    workingDir: "/w",
  })
})
