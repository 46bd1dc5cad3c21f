/**
 * A workflow as data: what a person writes in YAML or JSON, and what the log of a run pins. Nothing is changed in
 * reading, so a definition that was written down is read again as the same. References and the graph are checked by
 * `check.ts`; text in `{{ }}`, `when`, `over` and `value` are expressions (`expression.ts`).
 */
import { z } from "zod"
import { PermissionMode } from "../event.ts"
import { Limits } from "../session-limits.ts"
import { WorkspaceRequest } from "../workspace-request.ts"
import { DURATION } from "./duration.ts"

/** Whatever JSON can say. */
export type Json = z.infer<ReturnType<typeof z.json>>

/** The same, of what was read as JSON and is not looked at again: an output may be large, and a log long. */
export const ReadJson = z.custom<Json>((value) => value !== undefined)

/** Of steps and inputs: it can be written in an expression as it is. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/
const Name = z
  .string()
  .regex(NAME, "must be letters, digits and _, begin with a letter, and be at most 40 long")

export const WorkflowName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be small letters, digits, - and _, and at most 64 long")

const Duration = z.string().regex(DURATION, 'must be a duration such as "30s", "10m", "1h30m" or "2d"')
const Text = z.string().min(1)
/** An expression: `steps.plan.output.files`, `inputs.rounds > 2`. */
const Expression = z.string().min(1)

const described = { description: z.string().optional() }
/** What a run is started with. One without a default must be given. */
export const Input = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("string"), ...described, default: z.string().optional() }),
  z.strictObject({ type: z.literal("number"), ...described, default: z.number().optional() }),
  z.strictObject({ type: z.literal("boolean"), ...described, default: z.boolean().optional() }),
  z.strictObject({
    type: z.literal("enum"),
    ...described,
    values: z.array(z.string()).min(1),
    default: z.string().optional(),
  }),
  /** Of texts. */
  z.strictObject({ type: z.literal("list"), ...described, default: z.array(z.string()).optional() }),
  /** Of a file or folder, whole or seen from the working directory of the run. */
  z.strictObject({ type: z.literal("path"), ...described, default: z.string().optional() }),
])
export type Input = z.infer<typeof Input>

/** `attempts` in all. The pause after the n-th is up to `delay` · 2^(n-1), at most `maxDelay`. */
export const Retry = z.strictObject({
  attempts: z.number().int().min(1).max(100).optional(),
  delay: Duration.optional(),
  maxDelay: Duration.optional(),
})
export type Retry = z.infer<typeof Retry>

/** Of the whole run. When one is reached nothing new starts, and the run pauses. */
export const Budget = z.strictObject({
  costUsd: z.number().positive().optional(),
  tokens: z.number().int().positive().optional(),
  time: Duration.optional(),
})
export type Budget = z.infer<typeof Budget>

/** `text`: as it was said or printed. `json`: the last JSON in it, into which expressions can look. */
const OutputForm = z.enum(["text", "json"])

const bodies = {
  agent: {
    kind: z.literal("agent"),
    prompt: Text,
    /** The type of the agent; default: that of the workflow. */
    agent: Text.optional(),
    model: Text.optional(),
    mode: PermissionMode.optional(),
    /** The step whose session this one goes on in. */
    session: Name.optional(),
    limits: Limits.optional(),
    /** Default: the working directory itself. A step that goes on in a session works where that does. */
    workspace: WorkspaceRequest.optional(),
    output: OutputForm.optional(),
  },
  command: {
    kind: z.literal("command"),
    /** A list is a program and its arguments. A text is a line for the shell, and takes no `{{ }}`: see `env`. */
    command: z.union([Text, z.array(z.string()).min(1)]),
    env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
    /** The exit codes that are fine; default: 0 alone. */
    accept: z.union([z.literal("any"), z.array(z.number().int().min(0).max(255)).min(1)]).optional(),
    workspace: WorkspaceRequest.optional(),
    output: OutputForm.optional(),
  },
  approval: {
    kind: z.literal("approval"),
    question: Text,
    /** Default: approve, reject. Whoever chooses `reject` fails the step. */
    choices: z.array(Text).min(1).max(20).optional(),
  },
  wait: {
    kind: z.literal("wait"),
    /** Exactly one of the three. */
    for: Duration.optional(),
    /** ISO 8601, in which expressions may stand. */
    until: Text.optional(),
    signal: Name.optional(),
  },
  workflow: {
    kind: z.literal("workflow"),
    /** By its name. What it says when the step starts is what is run. */
    workflow: WorkflowName,
    /** Texts are templates; one that is nothing but `{{ }}` keeps the type of its value. */
    inputs: z.record(Name, z.json()).optional(),
  },
  transform: {
    kind: z.literal("transform"),
    /** A template, or a list or object of them; one that is nothing but `{{ }}` keeps the type of its value. */
    value: z.json(),
  },
} as const

const running = {
  timeout: Duration.optional(),
  retry: Retry.optional(),
  workingDir: Text.optional(),
  ...described,
}

/** What a map does with each item: a step without a place in the graph. */
export const ItemStep = z.discriminatedUnion("kind", [
  z.strictObject({ ...bodies.agent, ...running }),
  z.strictObject({ ...bodies.command, ...running }),
  z.strictObject({ ...bodies.approval, ...running }),
  z.strictObject({ ...bodies.wait, ...running }),
  z.strictObject({ ...bodies.workflow, ...running }),
  z.strictObject({ ...bodies.transform, ...running }),
])
export type ItemStep = z.infer<typeof ItemStep>

const placed = {
  id: Name,
  /** Steps that must have ended well or been skipped. Steps that an expression names are needed all the same. */
  needs: z.array(Name).optional(),
  /** The step is skipped where this is not true. */
  when: Expression.optional(),
  /** `continue`: when it has failed for good, the run goes on as if it were skipped. */
  onFailure: z.enum(["fail", "continue"]).optional(),
}

export const Step = z.discriminatedUnion("kind", [
  z.strictObject({ ...placed, ...bodies.agent, ...running }),
  z.strictObject({ ...placed, ...bodies.command, ...running }),
  z.strictObject({ ...placed, ...bodies.approval, ...running }),
  z.strictObject({ ...placed, ...bodies.wait, ...running }),
  z.strictObject({ ...placed, ...bodies.workflow, ...running }),
  z.strictObject({ ...placed, ...bodies.transform, ...running }),
  z.strictObject({
    ...placed,
    ...described,
    kind: z.literal("map"),
    /** A list; the step is done for each item, which it sees as `item`, with its place from 0 as `index`. */
    over: Expression,
    step: ItemStep,
    /** Items at once. */
    concurrency: z.number().int().min(1).max(1000).optional(),
  }),
])
export type Step = z.infer<typeof Step>
/** A step without its graph: what is done at a step, or of a map with each of its items. */
export type Body = ItemStep | Exclude<Step, { kind: "map" }>
export type StepOf<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>

export const WorkflowDefinition = z.strictObject({
  /** Where editors find the schema. */
  $schema: z.string().optional(),
  name: WorkflowName,
  ...described,
  inputs: z.record(Name, Input).optional(),
  /** Steps at once, items of a map counted each. */
  concurrency: z.number().int().min(1).max(1000).optional(),
  budget: Budget.optional(),
  /** For steps that say nothing else. */
  defaults: z
    .strictObject({
      agent: Text.optional(),
      model: Text.optional(),
      mode: PermissionMode.optional(),
      workingDir: Text.optional(),
      timeout: Duration.optional(),
      retry: Retry.optional(),
    })
    .optional(),
  steps: z.array(Step).min(1).max(500),
  /** What the run gives when it is completed: templates by name. Default: the outputs of the steps nothing needs. */
  outputs: z.record(Name, z.json()).optional(),
})
export type WorkflowDefinition = z.infer<typeof WorkflowDefinition>

/** What a run was given, by name. */
export const Inputs = z.record(z.string(), ReadJson).readonly()
export type Inputs = z.infer<typeof Inputs>
