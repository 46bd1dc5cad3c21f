/** Workflows as a browser asks for them, typed by the router. Every failure is a `Refusal`. */
import { createTRPCClient, httpLink } from "@trpc/client"
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server"
import type { AppRouter } from "#src/router"
import type { RunId } from "#streams/ids"
import type { Action, Affected } from "#streams/workflow/affected"
import type { Run, StepState } from "#streams/workflow/run"
import { refusalOf } from "./refusal.ts"

type Inputs = inferRouterInputs<AppRouter>["workflow"]
type Outputs = inferRouterOutputs<AppRouter>["workflow"]

/** JSON has no maps and no sets, and its type cannot say `unknown`. */
interface RunView {
  readonly run: Omit<Run, "steps" | "taken"> & {
    readonly steps: readonly StepState[]
    readonly taken: readonly string[]
  }
  readonly offset: string
  readonly title: string
}
export interface Preview extends Affected {
  readonly refused: { readonly message: string; readonly hint?: string | undefined } | null
}
export type KnownWorkflow = Outputs["definitions"]["workflows"][number]
export type DefinitionProblem = Outputs["validate"]["problems"][number]
export type Schedule = Outputs["schedules"]["schedules"][number]
export type When = Inputs["schedule"]["when"]
export type Webhook = Outputs["webhooks"]["webhooks"][number]

type Query = "validate" | "output" | "upcoming"
type Mutation =
  | "define"
  | "forget"
  | "start"
  | "resume"
  | "retryStep"
  | "skipStep"
  | "pause"
  | "cancel"
  | "setBudget"
  | "signal"
  | "answer"
  | "fork"
  | "setSchedule"
  | "unschedule"
  | "schedule"
  | "addWebhook"
  | "setWebhook"
  | "removeWebhook"
type RunApi = {
  readonly [Name in Query | Mutation]: (input: Inputs[Name]) => Promise<Outputs[Name]>
} & {
  status(runId: RunId): Promise<RunView>
  preview(runId: RunId, action: Action): Promise<Preview>
  definitions(): Promise<Outputs["definitions"]>
  schedules(): Promise<Outputs["schedules"]>
  webhooks(): Promise<Outputs["webhooks"]>
}

export function openRunApi(origin: string): RunApi {
  const { workflow } = createTRPCClient<AppRouter>({ links: [httpLink({ url: `${origin}/trpc` })] })
  return {
    define: (input) => workflow.define.mutate(input).catch(refuse),
    validate: (input) => workflow.validate.query(input).catch(refuse),
    forget: (input) => workflow.forget.mutate(input).catch(refuse),
    start: (input) => workflow.start.mutate(input).catch(refuse),
    output: (input) => workflow.output.query(input).catch(refuse),
    resume: (input) => workflow.resume.mutate(input).catch(refuse),
    retryStep: (input) => workflow.retryStep.mutate(input).catch(refuse),
    skipStep: (input) => workflow.skipStep.mutate(input).catch(refuse),
    pause: (input) => workflow.pause.mutate(input).catch(refuse),
    cancel: (input) => workflow.cancel.mutate(input).catch(refuse),
    setBudget: (input) => workflow.setBudget.mutate(input).catch(refuse),
    signal: (input) => workflow.signal.mutate(input).catch(refuse),
    answer: (input) => workflow.answer.mutate(input).catch(refuse),
    fork: (input) => workflow.fork.mutate(input).catch(refuse),
    setSchedule: (input) => workflow.setSchedule.mutate(input).catch(refuse),
    unschedule: (input) => workflow.unschedule.mutate(input).catch(refuse),
    upcoming: (input) => workflow.upcoming.query(input).catch(refuse),
    schedule: (input) => workflow.schedule.mutate(input).catch(refuse),
    addWebhook: (input) => workflow.addWebhook.mutate(input).catch(refuse),
    setWebhook: (input) => workflow.setWebhook.mutate(input).catch(refuse),
    removeWebhook: (input) => workflow.removeWebhook.mutate(input).catch(refuse),
    status: (runId) => workflow.status.query({ runId }).catch(refuse) as Promise<unknown> as Promise<RunView>,
    preview: (runId, action) => workflow.preview.query({ runId, action }).catch(refuse) as Promise<Preview>,
    definitions: () => workflow.definitions.query().catch(refuse),
    schedules: () => workflow.schedules.query().catch(refuse),
    webhooks: () => workflow.webhooks.query().catch(refuse),
  }
}

const refuse = (error: unknown): never => {
  throw refusalOf(error)
}
