/** Commands that make a run go on, stop or take another way. */
import { StepInput } from "#streams/workflow/step-input"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { withPlane } from "../with-plane.ts"
import { answered, CONFIRM, mayAct } from "./asked.ts"
import { elsewhere } from "./elsewhere.ts"
import { inputWords, jsonOr } from "./input-words.ts"
import { whichRun } from "./which-run.ts"

const SET = {
  set: {
    type: "string",
    multiple: true,
    value: "FIELD=VALUE",
    help: "a field of the step, such as prompt (repeat it)",
  },
} as const

const JSON_ANSWER = "print {runId, commandId, event} as JSON; with --dry-run what would run"

export const resume = defineCommand({
  name: "workflow resume",
  summary: "goes on with a run that is paused or failed, or does a part of it again",
  positionals: ["RUN"],
  flags: {
    from: { type: "string", value: "STEP", help: "do this step and all that comes after it again" },
    ...CONFIRM,
  },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      const { from } = values
      const action =
        from === undefined ? ({ type: "resume" } as const) : { type: "resume_from" as const, stepId: from }
      const away = elsewhere((await plane.workflows.status(runId)).run)
      if (!(await mayAct(plane, runId, action, { values, json, io, away }))) return 0
      const asked = await plane.workflows.resume({ runId, from })
      return await answered(plane, asked, { io, json, done: `${runId} goes on.` })
    })
  },
})

export const retry = defineCommand({
  name: "workflow retry",
  summary: "tries a failed step again, perhaps with something said anew",
  positionals: ["RUN", "STEP"],
  flags: {
    ...SET,
    ...CONFIRM,
  },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = "", stepId = ""], json, io, deps }) {
    const input = values.set === undefined ? undefined : fieldsOf(values.set)
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      if (!(await mayAct(plane, runId, { type: "retry", stepId }, { values, json, io }))) return 0
      const asked = await plane.workflows.retryStep({ runId, stepId, input })
      return await answered(plane, asked, { io, json, done: `${stepId} is tried again.` })
    })
  },
})

function fieldsOf(words: readonly string[]): StepInput {
  const given = inputWords(words, undefined)
  const fields = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      ["command", "env", "inputs", "value", "workspace"].includes(name) && typeof value === "string"
        ? jsonOr(value)
        : value,
    ]),
  )
  const parsed = StepInput.safeParse(fields)
  if (parsed.success) return parsed.data
  throw usage(`--set is not usable: ${parsed.error.issues.map(({ message }) => message).join("; ")}.`)
}

export const skip = defineCommand({
  name: "workflow skip",
  summary: "goes on without a step, or with an output that you give",
  positionals: ["RUN", "STEP"],
  flags: {
    output: { type: "string", value: "JSON", help: "what the step is taken to have given" },
    ...CONFIRM,
  },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = "", stepId = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      if (!(await mayAct(plane, runId, { type: "skip", stepId }, { values, json, io }))) return 0
      const output = values.output === undefined ? undefined : jsonOr(values.output)
      const asked = await plane.workflows.skipStep({ runId, stepId, output })
      return await answered(plane, asked, { io, json, done: `${stepId} is skipped.` })
    })
  },
})

export const fork = defineCommand({
  name: "workflow fork",
  summary: "makes a new run that has what steps before one gave, and does the rest",
  positionals: ["RUN", "STEP"],
  flags: {
    input: { type: "string", multiple: true, value: "NAME=VALUE", help: "another input (repeat it)" },
    ...SET,
    key: { type: "string", value: "K", help: "the same key gives the same run" },
    ...CONFIRM,
  },
  json: "print {runId} as JSON; with --dry-run what would run",
  async run({ values, positionals: [id = "", from = ""], json, io, deps }) {
    const input = values.set === undefined ? undefined : fieldsOf(values.set)
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      if (!(await mayAct(plane, runId, { type: "fork", stepId: from }, { values, json, io }))) return 0
      const { run } = await plane.workflows.status(runId)
      const changed = values.input && inputWords(values.input, run.definition ?? undefined)
      const forked = await plane.workflows.fork({
        runId,
        from,
        input,
        idempotencyKey: values.key,
        ...(changed && { inputs: { ...run.inputs, ...changed } }),
      })
      io.stdout.write(json ? `${JSON.stringify(forked)}\n` : `${forked.runId}\n`)
      return 0
    })
  },
})

export const pause = defineCommand({
  name: "workflow pause",
  summary: "starts nothing new in a run; what runs is let finish",
  positionals: ["RUN"],
  flags: { interrupt: { type: "boolean", help: "end what runs; it is done again later" } },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      const asked = await plane.workflows.pause({ runId, interrupt: values.interrupt })
      return await answered(plane, asked, { io, json, done: `${runId} pauses.` })
    })
  },
})

export const cancel = defineCommand({
  name: "workflow cancel",
  summary: "ends a run and all that runs for it",
  positionals: ["RUN"],
  flags: { reason: { type: "string", value: "TEXT", help: "kept with the run" } },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      const asked = await plane.workflows.cancel({ runId, reason: values.reason })
      return await answered(plane, asked, { io, json, done: `${runId} is being cancelled.` })
    })
  },
})

export const signal = defineCommand({
  name: "workflow signal",
  summary: "gives a run a signal that a step of it waits for, or will",
  positionals: ["RUN", "NAME"],
  flags: { payload: { type: "string", value: "JSON", help: "what the step gives then" } },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = "", name = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      const payload = values.payload === undefined ? undefined : jsonOr(values.payload)
      const asked = await plane.workflows.signal({ runId, name, payload })
      return await answered(plane, asked, { io, json, done: `${runId} has the signal ${name}.` })
    })
  },
})

export const approve = defineCommand({
  name: "workflow approve",
  summary: "answers a step that asks a person",
  positionals: ["RUN", "STEP"],
  flags: {
    choice: { type: "string", value: "C", help: "one of its choices (approve)" },
    note: { type: "string", value: "TEXT", help: "kept with the answer" },
  },
  json: JSON_ANSWER,
  async run({ values, positionals: [id = "", stepId = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      const { choice = "approve", note } = values
      const asked = await plane.workflows.answer({ runId, stepId, choice, note })
      return await answered(plane, asked, { io, json, done: `${stepId}: ${choice}.` })
    })
  },
})
