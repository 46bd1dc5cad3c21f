import { expect, test } from "vitest"
import { advance } from "#streams/workflow/advance"
import type { Json } from "#streams/workflow/definition"
import { evaluate, parseExpression, type Scope } from "#streams/workflow/expression"
import { plan, UNLIMITED } from "#streams/workflow/plan"
import { fillText, fillValue } from "#streams/workflow/template"
import { defined, NOW, worldOf } from "../../support/workflow-world.ts"

const step = (output?: Json) => ({
  ...{ status: "completed", exitCode: 0, error: null, sessionId: null, workingDir: null },
  ...(output !== undefined && { output }),
})
const SCOPE: Scope = {
  inputs: { rounds: 3, name: "Zoë 🐙", files: ["a", "b"], on: true },
  steps: {
    plan: step({ files: [{ path: "x.ts", lines: 12 }], title: "T" }),
    said: step("text"),
    none: step(),
  },
  run: { id: "run_1", workflow: "w", workingDir: "/w" },
  item: { n: 1 },
  index: 0,
}
const told = (text: string) => evaluate(parseExpression(text), SCOPE)

test.each<[string, Json]>([
  ["steps.plan.output.files[0].path", "x.ts"],
  ["steps.plan.output.files[index].lines + 1", 13],
  ["inputs.rounds - 1", 2],
  ["inputs.rounds / 2", 1.5],
  ["inputs.rounds % 2 == 1 && inputs.on", true],
  ["size(inputs.files)", 2],
  ["inputs.files.map(f, f + '.ts')", ["a.ts", "b.ts"]],
  ["steps.plan.output.files.filter(f, f.lines > 10).size() > 0", true],
  ["has(steps.none.output) ? 1 : 2", 2],
  ["item.n + index", 1],
  ["{'a': [inputs.name], 'b': null}", { a: ["Zoë 🐙"], b: null }],
  ["inputs.name == 'Zoë 🐙'", true],
  ["'b' in inputs.files", true],
  ["run.workflow", "w"],
  ["1 + 1", 2],
])("%s", (text, value) => {
  expect(told(text)).toEqual(value)
})

test.each([
  ["steps.plan.output.nothing.at.all", "The output of step `plan` has no `nothing.at.all`."],
  ["steps.plan.output.files[3]", "The output of step `plan` has no `files[3]`."],
  [
    "steps.said.output.title",
    "`steps.said.output.title` looks into the output of step `said`, which is text: give that step `output: json`.",
  ],
  ["steps.none.output", "Step `none` gave no output, and `steps.none.output` is needed."],
  ["inputs.nobody", "There is no `inputs.nobody`."],
  ["item.m", "There is no `item.m`."],
  ["inputs.constructor", "There is no `inputs.constructor`."],
  ["inputs.__proto__.x", "There is no `inputs.__proto__.x`."],
])("%s is missing, and says so", (text, message) => {
  expect(() => told(text)).toThrow(expect.objectContaining({ message, missing: true }))
})

test("what an expression names is found, also in macros, and what macros name is not", () => {
  const named = (text: string) =>
    parseExpression(text).references.map(({ root, path }) => [root, ...path].join("."))
  expect(named("steps.a.output.filter(item, item.n > inputs.x).map(s, s + steps.b.exitCode)")).toEqual([
    ...["steps.a.output", "inputs.x", "steps.b.exitCode"],
  ])
  expect(named("steps.a.output[inputs.i].name + item.n")).toEqual(["steps.a.output", "inputs.i", "item.n"])
  expect(named("steps['a'].output['b c']")).toEqual(["steps.a.output.b c"])
})

test.each<[string, string]>([
  ["Hi {{inputs.name}}!", "Hi Zoë 🐙!"],
  ["{plan.output.title}, {plan.output.files[0].path}", "T, x.ts"],
  ["{{ {'a': {'b': 1}} }}", '{"a":{"b":1}}'],
  ["{{inputs.files}} {{inputs.rounds}} {{inputs.on}}", '["a","b"] 3 true'],
  ["{{ '{{' }}, }} and { are text", "{{, }} and { are text"],
  ["$" + "{plan.output.title} {plan} {name} {}", "$" + "{plan.output.title} {plan} {name} {}"],
  ["", ""],
])("“%s” becomes “%s”", (text, filled) => {
  expect(fillText(text, SCOPE)).toBe(filled)
})

test("a template that is one expression keeps the type of its value", () => {
  expect(fillValue("{{inputs.files}}", SCOPE)).toEqual(["a", "b"])
  expect(fillValue(" {{inputs.files}}", SCOPE)).toBe(' ["a","b"]')
})

test("an output that is kept apart is read before it is needed, and not before", () => {
  const world = worldOf(
    defined(`
name: big
steps:
  - { id: a, kind: command, command: [x] }
  - { id: quick, kind: transform, value: "{{steps.a.status}}" }
  - { id: long, kind: transform, value: "{{ size(steps.a.output) }}" }
outputs: { length: "{long.output}" }
`),
  )
  const [{ stepId, generation, attempt } = { stepId: "", generation: 0, attempt: 0 }] = world.open
  const blob = "run_test/blob-0123456789abcdef0123456789abcdef"
  world.say({ type: "step_complete", stepId, generation, attempt, outputBlob: { blob, bytes: 50_000_000 } })
  expect(world.run.steps.get("quick")?.status).toBe("completed")
  expect(world.plan).toMatchObject({ load: [{ blob }], say: [] })
  const now = { now: NOW, random: () => 0, room: UNLIMITED, blobs: new Map([[blob, "é🐙".repeat(10)]]) }
  expect(plan(world.run, now).load).toEqual([])
  expect(advance(world.run, [], now).run).toMatchObject({
    status: "completed",
    output: { value: { length: 20 } },
  })
})

test("an output as text or as the JSON in it", async () => {
  const { outputOf } = await import("#streams/workflow/output")
  expect(outputOf("plain")).toEqual({ output: "plain" })
  expect(outputOf(' {"a": 1} ', "json")).toEqual({ output: { a: 1 } })
  expect(outputOf('First.\n```json\n{"a": 1}\n```\nThen:\n```json\n[2]\n```\nDone.', "json")).toEqual({
    output: [2],
  })
  expect(outputOf('I think so:\n{"a":\n  "é🐙"}', "json")).toEqual({ output: { a: "é🐙" } })
  expect(outputOf("No.", "json")).toMatchObject({ error: { code: "output_not_json", class: "transient" } })
})
