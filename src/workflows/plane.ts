/**
 * Everything that can be asked of workflows, whoever asks. A run belongs to a worker; all here append what they ask
 * to its inbox, see that a worker lives, and read what came of it in its log.
 */
import type { Failure } from "#streams/event"
import type { CommandId, RunId, ScheduleId, TokenId, WebhookId } from "#streams/ids"
import type { Action, Affected } from "#streams/workflow/affected"
import type { Budget, Inputs, Json, WorkflowDefinition } from "#streams/workflow/definition"
import type { RunEvent, StartedBy } from "#streams/workflow/event"
import type { DefinitionProblem } from "#streams/workflow/read"
import type { FiringRow, RunEntry, ScheduleRow, WebhookRow, WorkflowRow } from "#streams/workflow/registry"
import type { Run, RunStatus } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import type { StepInput } from "#streams/workflow/step-input"

/** A definition as its author wrote it, YAML or JSON. */
export interface SourceRequest {
  readonly source: string
  /** What faults call it. */
  readonly file?: string | undefined
}

export interface StartRequest {
  /** A workflow that is known by this name; or else `source`. */
  readonly name?: string | undefined
  readonly source?: string | undefined
  readonly inputs?: Inputs | undefined
  /** Default: the user's home. Relative paths are refused. */
  readonly workingDir?: string | undefined
  readonly startedBy?: StartedBy | undefined
  /** The token of MCP that it is started with. */
  readonly startedWith?: TokenId | undefined
  /** It works in this directory or below. */
  readonly within?: string | undefined
  /** The same key gives the same run. */
  readonly idempotencyKey?: string | undefined
}

/** A run as its log says, true at `offset`: follow from there with the same fold. */
export interface RunView {
  readonly run: Run
  readonly offset: string
  readonly title: string
  readonly startedWith?: TokenId | undefined
  /** What has to be done again if the run is resumed now. */
  readonly resume: ActionPreview
}

/** What an action would make run, and whether it can be taken now. */
export interface ActionPreview extends Affected {
  /** Why not; `null` where it can. */
  readonly refused: Failure | null
}

/** That a command is in the inbox; its `commandId` is on the event that answers it. */
export interface Asked {
  readonly runId: RunId
  readonly commandId: CommandId
}

interface OfRun {
  readonly runId: RunId
  /** The same key is the same command: it is done once. */
  readonly idempotencyKey?: string | undefined
}
interface OfStep extends OfRun {
  readonly stepId: StepId
}

export interface ScheduleRequest {
  readonly name: string
  readonly inputs?: Inputs | undefined
  readonly workingDir?: string | undefined
  readonly when:
    | { readonly cron: string; readonly timeZone?: string | undefined }
    | { readonly every: string }
  readonly overlap?: "skip" | "allow" | undefined
}

export interface ScheduleEntry extends ScheduleRow {
  /** The newest time for which it has acted. */
  readonly last: FiringRow | null
  /** When it is due next; `null`: never, or it is paused. */
  readonly nextAt: string | null
}

export interface WebhookRequest {
  readonly name: string
  readonly inputs?: Inputs | undefined
  readonly workingDir?: string | undefined
  /** The input that gets the body. */
  readonly bodyInput?: string | undefined
}

/** Without what only the server must know. */
export type WebhookEntry = Omit<WebhookRow, "secretHash">

export interface WorkflowPlane {
  /** Keeps the workflow under its name. Runs that there are keep what they were started with. */
  define(
    request: SourceRequest,
  ): Promise<{ readonly name: string; readonly hash: string; readonly changed: boolean }>
  /** Whether it can be run; if not, why, with places. */
  validate(request: SourceRequest): Promise<{
    readonly definition: WorkflowDefinition | null
    readonly problems: readonly DefinitionProblem[]
  }>
  definitions(): Promise<{ readonly workflows: readonly WorkflowRow[]; readonly offset: string }>
  /** Its runs stay; its schedules and webhooks go with it. */
  forget(name: string): Promise<{ readonly name: string; readonly forgotten: true }>

  /** Returns as soon as the run is durable; a worker takes it up meanwhile. */
  start(request: StartRequest): Promise<{ readonly runId: RunId }>
  list(request: {
    readonly status?: RunStatus | undefined
    readonly workflow?: string | undefined
    readonly limit?: number | undefined
    readonly cursor?: string | undefined
  }): Promise<{ readonly runs: readonly RunEntry[]; readonly offset: string; readonly cursor?: string }>
  status(runId: RunId): Promise<RunView>
  /** All that a step gave, also where it is too large for the log; without a step, what the run gave. */
  output(request: {
    readonly runId: RunId
    readonly stepId?: StepId | undefined
  }): Promise<{ readonly output?: Json }>
  /** What the action would make run, before it is taken. */
  preview(request: { readonly runId: RunId; readonly action: Action }): Promise<ActionPreview>
  /** Without a step: what failed is tried again. With one: it and all that comes after it is done again. */
  resume(request: OfRun & { readonly from?: StepId | undefined }): Promise<Asked>
  retryStep(request: OfStep & { readonly input?: StepInput | undefined }): Promise<Asked>
  skipStep(request: OfStep & { readonly output?: Json | undefined }): Promise<Asked>
  /** Nothing new starts; `interrupt`: what runs is ended, and done again later. */
  pause(request: OfRun & { readonly interrupt?: boolean | undefined }): Promise<Asked>
  cancel(request: OfRun & { readonly reason?: string | undefined }): Promise<Asked>
  setBudget(request: OfRun & { readonly budget: Budget }): Promise<Asked>
  signal(request: OfRun & { readonly name: string; readonly payload?: Json | undefined }): Promise<Asked>
  /** Answers an approval step. The first answer stands. */
  answer(
    request: OfStep & {
      readonly choice: string
      /** Default: the one that asks now. */
      readonly attempt?: { readonly generation: number; readonly attempt: number } | undefined
      readonly note?: string | undefined
    },
  ): Promise<Asked>
  /** A new run that has what the steps before `from` gave, and does the rest. */
  fork(
    request: OfRun & {
      readonly from: StepId
      readonly inputs?: Inputs | undefined
      /** What the step is to be told instead of what the definition says. */
      readonly input?: StepInput | undefined
    },
  ): Promise<{ readonly runId: RunId }>
  /** Events from `offset` (default: the start) on, for ever, until `signal` aborts. */
  follow(request: {
    readonly runId: RunId
    readonly offset?: string | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<{ readonly event: RunEvent; readonly offset: string }>

  schedule(request: ScheduleRequest): Promise<ScheduleEntry>
  /** When such a schedule would be due next, the soonest first. */
  upcoming(request: Pick<ScheduleRequest, "when">): Promise<{ readonly times: readonly string[] }>
  schedules(): Promise<{ readonly schedules: readonly ScheduleEntry[] }>
  setSchedule(request: { readonly scheduleId: ScheduleId; readonly enabled: boolean }): Promise<ScheduleEntry>
  unschedule(scheduleId: ScheduleId): Promise<{ readonly scheduleId: ScheduleId; readonly removed: true }>

  /** The secret is told this once. */
  addWebhook(request: WebhookRequest): Promise<{ readonly webhook: WebhookEntry; readonly secret: string }>
  webhooks(): Promise<{ readonly webhooks: readonly WebhookEntry[] }>
  /** Starts the run of a request; the same `delivery` starts one. `null`: no webhook of that id has that secret. */
  deliver(request: {
    readonly webhookId: WebhookId
    readonly secret: string
    readonly body: string
    readonly delivery?: string | undefined
  }): Promise<{ readonly runId: RunId } | null>
  setWebhook(request: { readonly webhookId: WebhookId; readonly enabled: boolean }): Promise<WebhookEntry>
  removeWebhook(webhookId: WebhookId): Promise<{ readonly webhookId: WebhookId; readonly removed: true }>
}
