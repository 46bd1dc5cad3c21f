import { expect, test } from "vitest"
import { z } from "zod"
import { WorkflowDefinition } from "#streams/workflow/definition"
import { durationMs } from "#streams/workflow/duration"
import { readInputs } from "#streams/workflow/inputs"
import { readDefinition } from "#streams/workflow/read"
import { defined } from "../../support/workflow-world.ts"

/** What is wrong, as `line:column message`. */
const wrong = (source: string): readonly string[] => {
  const read = readDefinition(source)
  return "problems" in read
    ? read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
    : []
}

test("the published schema is the one that definitions are read by", async () => {
  const schema = {
    title: "A workflow of agentz",
    ...z.toJSONSchema(WorkflowDefinition, { io: "input" }),
  }
  // Made anew by `npx vitest run --project unit -u tests/streams/workflow/definition`.
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
    "../../../docs/workflow.schema.json",
  )
})

test("a definition is read from YAML and from JSON, and what is read is read again as the same", () => {
  const yaml = defined(`
name: both
inputs: { who: { type: string, default: you } }
steps:
  - { id: hi, kind: agent, agent: demo, prompt: "Hi {{inputs.who}}", timeout: 5m, retry: { delay: 2s } }
`)
  expect(defined(JSON.stringify(yaml))).toEqual(yaml)
  expect(defined(JSON.stringify(yaml, null, "\t"))).toEqual(yaml)
})

const steps = (lines: string) => `name: x\nsteps:\n${lines}`

test.each([
  ["nothing", "", ["1:1 There is nothing in it: give at least `name` and `steps`."]],
  ["a list", "- 1", ["1:1 The definition must be a mapping."]],
  [
    "a name that is none",
    steps("  - { id: a, kind: wait, for: 1s }").replace("x", "My Flow"),
    ["1:7 `name` must be small letters, digits, - and _, and at most 64 long."],
  ],
  ["broken YAML", "name: x\nsteps: [", [expect.stringMatching(/^2:\d+ This is no YAML: .*\.$/)]],
  ["a key that stands there twice", "name: a\nname: b", ["2:1 This is no YAML: Map keys must be unique."]],
  ["no steps", "name: x\nsteps: []", ["2:8 `steps` must not be empty."]],
  [
    "a field that is misspelt",
    steps("  - id: a\n    kind: agent\n    promt: hi"),
    [
      "3:5 `prompt` is missing: give it.",
      "5:5 There is no `promt` in a step of kind agent. Did you mean `prompt`?",
    ],
  ],
  [
    "a kind that there is not",
    steps("  - id: a\n    kind: agnt"),
    ["4:11 There is no kind `agnt`: did you mean `agent`?"],
  ],
  [
    "no kind",
    steps("  - id: a"),
    ["3:5 A step needs its `kind`: one of agent, command, approval, wait, workflow, transform, map."],
  ],
  [
    "a duration that is none",
    steps("  - id: a\n    kind: wait\n    for: 5 minutes"),
    ['5:10 `for` must be a duration such as "30s", "10m", "1h30m" or "2d".'],
  ],
  [
    "two waits in one",
    steps("  - id: a\n    kind: wait\n    for: 5m\n    signal: go"),
    ["3:5 Step `a` waits for one thing: give exactly one of `for`, `until`, `signal`."],
  ],
  [
    "ids that come twice",
    steps("  - { id: a, kind: wait, for: 1s }\n  - { id: a, kind: wait, for: 1s }"),
    ["4:11 Two steps are called `a`: give one of them another id."],
  ],
  [
    "a need that is no step",
    steps(
      "  - id: plan\n    kind: wait\n    for: 1s\n  - id: b\n    kind: wait\n    for: 1s\n    needs: [plna]",
    ),
    ["9:13 Step `b` needs `plna`, which is no step. Did you mean `plan`?"],
  ],
  [
    "a circle of needs",
    steps(
      "  - { id: a, kind: wait, for: 1s, needs: [c] }\n  - { id: b, kind: wait, for: 1s, needs: [a] }\n  - { id: c, kind: wait, for: 1s, needs: [b] }",
    ),
    ["3:11 Steps need each other in a circle: a → c → b → a. Take one of these needs or expressions out."],
  ],
  [
    "a circle of expressions",
    steps(
      '  - { id: a, kind: transform, value: "{b.output}" }\n  - { id: b, kind: transform, value: "{a.output}" }',
    ),
    ["3:11 Steps need each other in a circle: a → b → a. Take one of these needs or expressions out."],
  ],
  [
    "a step that needs itself",
    steps("  - { id: a, kind: wait, for: 1s, needs: [a] }"),
    ["3:11 Step `a` needs itself: take that need or expression out."],
  ],
  [
    "a step that is named and is not",
    steps(
      "  - id: a\n    kind: agent\n    agent: demo\n    prompt: |\n      First line.\n      Then {{ steps.pln.output }}.\n  - { id: plan, kind: wait, for: 1s }",
    ),
    ["8:15 There is no step `pln`. Did you mean `plan`?"],
  ],
  [
    "a short form that names none",
    steps('  - { id: a, kind: transform, value: "{b.output.x}" }'),
    [expect.stringContaining("There is no step `b`.")],
  ],
  [
    "a field that steps have not",
    steps("  - { id: a, kind: wait, for: 1s }\n  - { id: b, kind: wait, for: 1s, when: steps.a.outpt == 1 }"),
    ["4:41 A step has no `outpt`. Did you mean `output`?"],
  ],
  [
    "an input that is not declared",
    steps('  - { id: b, kind: transform, value: "{{inputs.task}}" }'),
    ["3:41 There is no input `task`. There is no input at all."],
  ],
  [
    "an item outside of a map",
    steps('  - { id: b, kind: transform, value: "{{item}}" }'),
    ["3:41 `item` is known only in the step of a map."],
  ],
  [
    "an expression that cannot be read",
    steps("  - { id: b, kind: wait, for: 1s, when: 1 + }"),
    [expect.stringMatching(/^3:\d+ `when` cannot be read: Unexpected token: EOF\.$/)],
  ],
  [
    "a template that never ends",
    steps('  - { id: b, kind: transform, value: "{{ 1 + 1" }'),
    ["3:39 `value` opens `{{` and never closes it: end the expression with `}}`."],
  ],
  [
    "braces around an expression",
    steps('  - { id: b, kind: wait, for: 1s, when: "{{true}}" }'),
    ["3:42 `when` is an expression already: leave out the {{ }} around it."],
  ],
  [
    "a pattern, which might take for ever",
    steps(`  - { id: b, kind: wait, for: 1s, when: "'a'.matches('(a+)+$')" }`),
    [expect.stringContaining("uses `matches`, which is not offered")],
  ],
  [
    "what a step said in a line for the shell",
    steps('  - { id: a, kind: command, command: "echo {{run.id}}" }'),
    [expect.stringContaining("A line for the shell takes no {{ }}")],
  ],
  [
    "a session that is none",
    steps(
      "  - { id: a, kind: wait, for: 1s }\n  - { id: b, kind: agent, agent: demo, prompt: x, session: a }",
    ),
    ["4:60 Step `b` goes on in the session of `a`, which is no step of kind agent. Did you mean `b`?"],
  ],
  [
    "two at once in one session",
    steps(
      ["p", "a, session: p", "b, session: p"]
        .map((id) => `  - { id: ${id}, kind: agent, agent: demo, prompt: x }`)
        .join("\n"),
    ),
    [expect.stringContaining("Steps `a` and `b` go on in the same session and might run at the same time")],
  ],
  [
    "a session for the items of a map",
    steps(
      '  - { id: p, kind: agent, agent: demo, prompt: x }\n  - { id: m, kind: map, over: "[1]", step: { kind: agent, prompt: x, session: p } }',
    ),
    [expect.stringContaining("cannot share a session")],
  ],
  [
    "a default of the wrong type",
    `name: x\ninputs: { n: { type: enum, values: [a, b], default: c } }\nsteps: [{ id: a, kind: wait, for: 1s }]`,
    ["2:53 The default of input `n` must be one of a, b."],
  ],
  [
    "a default that names a step",
    `name: x\ndefaults: { model: "{a.output}" }\nsteps: [{ id: a, kind: wait, for: 1s }]`,
    ["2:20 Defaults hold before any step has run: name inputs only."],
  ],
])("%s is refused with its place and the remedy", (_, source, expected) => {
  expect(wrong(source)).toEqual(expected)
})

test("everything that is wrong is told at once, in the order of the lines", () => {
  const all = wrong(
    steps("  - { id: a-b, kind: agent }\n  - { id: b, kind: command, command: 5, retry: { attempts: 0 } }"),
  )
  expect(all).toHaveLength(4)
  expect(all.map((line) => Number(line.split(":")[0]))).toEqual([3, 3, 4, 4])
})

test("a definition that would unfold without end, or is too large, is refused", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n`
  expect(wrong(bomb)[0]).toContain("It cannot be read")
  expect(wrong(`# ${"x".repeat(300_000)}`)).toEqual([
    "1:1 A definition holds at most 256 KiB: take what is long into files.",
  ])
})

test("a chain as long as there may be steps is read, and a circle of that length is found", () => {
  const chain = (first: string) =>
    JSON.stringify({
      name: "long",
      steps: Array.from({ length: 500 }, (_, index) => ({
        ...{ id: `s${index}`, kind: "wait", for: "1s" },
        needs: index === 0 ? (first === "" ? [] : [first]) : [`s${index - 1}`],
      })),
    })
  expect(wrong(chain(""))).toEqual([])
  expect(wrong(chain("s499"))).toEqual([expect.stringContaining("in a circle: s0 → s499 → ")])
})

test("inputs are filled up from the defaults, and wrong ones are named", () => {
  const definition = defined(`
name: i
inputs:
  who: { type: string }
  often: { type: number, default: 2 }
  how: { type: enum, values: [loud, soft], default: soft }
  files: { type: list, default: [] }
steps: [{ id: a, kind: wait, for: 1s }]
`)
  expect(readInputs(definition, { who: "me", how: "loud" })).toEqual({
    inputs: { who: "me", often: 2, how: "loud", files: [] },
  })
  expect(readInputs(definition, { often: "3", how: "LOUD", files: [1], wo: "me" })).toEqual({
    wrong: {
      wo: "There is no input wo. Did you mean who?",
      who: "Input who is missing, and it has no default: give it.",
      often: "Input often must be a number.",
      how: "Input how must be one of loud, soft.",
      files: "Input files must be a list of texts.",
    },
  })
})

test.each([
  ["30s", 30_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["500ms", 500],
  ["1m500ms", 60_500],
])("%s is a duration", (text, ms) => {
  expect(durationMs(text)).toBe(ms)
  expect(wrong(steps(`  - { id: a, kind: wait, for: ${text} }`))).toEqual([])
})

test.each(["", "5", "5x", "m", "1m1h", "-5s", "1.5h"])("“%s” is none", (text) => {
  expect(wrong(steps(`  - { id: a, kind: wait, for: "${text}" }`))).toHaveLength(1)
})
