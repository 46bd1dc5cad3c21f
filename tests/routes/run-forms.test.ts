import { expect, test } from "vitest"
import { inputsOf, jsonOrText, typedOf, wrongIn } from "../../routes/-app/start-form.ts"
import { stepFieldsOf, stepInputOf } from "../../routes/-app/step-form.ts"
import type { WorkflowDefinition } from "../../streams/workflow/definition.ts"

const definition: WorkflowDefinition = {
  name: "demo",
  inputs: {
    task: { type: "string" },
    rounds: { type: "number", default: 3 },
    ask: { type: "boolean", default: true },
    pace: { type: "enum", values: ["fast", "slow"] },
    files: { type: "list", default: ["a.ts", "b.ts"] },
  },
  steps: [{ id: "one", kind: "transform", value: 1 }],
}
const declared = definition.inputs ?? {}

test("a form begins with the defaults, and gives them back as they were", () => {
  const typed = typedOf(declared)
  expect(typed).toEqual({ task: "", rounds: "3", ask: true, pace: "fast", files: "a.ts\nb.ts" })
  expect(inputsOf(declared, typed)).toEqual({ rounds: 3, ask: true, pace: "fast", files: ["a.ts", "b.ts"] })
})

test("a needed input that is empty, and a number that is none, are told by their field", () => {
  const wrong = wrongIn(definition, { ...typedOf(declared), rounds: "many" })
  expect(Object.keys(wrong)).toEqual(["task", "rounds"])
  expect(wrong.rounds).toContain("must be a number")
  expect(wrongIn(definition, { ...typedOf(declared), task: "go" })).toEqual({})
})

test("an output is JSON where it is JSON, else text, and nothing where nothing is typed", () => {
  expect(jsonOrText('{"verdict":"good"}')).toEqual({ verdict: "good" })
  expect(jsonOrText("all is well")).toBe("all is well")
  expect(jsonOrText("  ")).toBeUndefined()
})

test("of a step only what was changed is said anew", () => {
  const fields = stepFieldsOf({ kind: "agent", prompt: "Plan.", agent: "demo" }, { prompt: "Plan well." })
  expect(fields.map(({ name, text }) => [name, text])).toEqual([
    ["prompt", "Plan well."],
    ["agent", "demo"],
    ["model", ""],
    ["workingDir", ""],
  ])
  expect(stepInputOf(fields, {})).toEqual({ input: undefined })
  expect(stepInputOf(fields, { prompt: "Plan better.", agent: "demo" })).toEqual({
    input: { prompt: "Plan better." },
  })
  expect(stepInputOf(fields, { prompt: " " })).toMatchObject({ wrong: { name: "prompt" } })
})

test("a command that is a list is changed as JSON", () => {
  const fields = stepFieldsOf({ kind: "command", command: ["npm", "test"] }, null)
  expect(stepInputOf(fields, { command: '["npm", "run", "test"]' })).toEqual({
    input: { command: ["npm", "run", "test"] },
  })
  expect(stepInputOf(fields, { command: "npm test" })).toMatchObject({ wrong: { name: "command" } })
})
