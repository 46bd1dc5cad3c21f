import { z } from "zod"
import { RunId, ScheduleId, WebhookId } from "#streams/ids"
import { Budget, Inputs, WorkflowName } from "#streams/workflow/definition"
import { RUN_STATUSES } from "#streams/workflow/run"
import { StepId } from "#streams/workflow/step-id"
import { StepInput } from "#streams/workflow/step-input"
import { Directory, Key, Offset } from "../inputs.ts"
import { trackedEvents } from "../tracked-events.ts"
import { procedure, router } from "../trpc.ts"
import type { WorkflowPlane } from "./plane.ts"

/** A definition that is larger is a program, not a plan. */
const Source = z.string().min(1).max(1_000_000)
const Text = z.string().trim().min(1).max(4000)

const OneRun = z.strictObject({ runId: RunId })
const OfRun = z.strictObject({ runId: RunId, idempotencyKey: Key.optional() })
const OfStep = OfRun.extend({ stepId: StepId })
const Written = z.strictObject({ source: Source, file: Directory.optional() })
const Started = { name: WorkflowName, inputs: Inputs.optional(), workingDir: Directory.optional() }

const When = z.union([
  z.strictObject({ cron: Text, timeZone: z.string().min(1).max(64).optional() }),
  z.strictObject({ every: z.string().min(2).max(40) }),
])

const Action = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("resume") }),
  z.strictObject({ type: z.literal("resume_from"), stepId: StepId }),
  z.strictObject({ type: z.literal("retry"), stepId: StepId }),
  z.strictObject({ type: z.literal("skip"), stepId: StepId }),
  z.strictObject({ type: z.literal("fork"), stepId: StepId }),
])

export const workflowRouter = router({
  define: procedure.input(Written).mutation(({ ctx, input }) => ctx.plane.workflows.define(input)),
  validate: procedure.input(Written).query(({ ctx, input }) => ctx.plane.workflows.validate(input)),
  definitions: procedure.query(({ ctx }) => ctx.plane.workflows.definitions()),
  forget: procedure
    .input(z.strictObject({ name: WorkflowName }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.forget(input.name)),

  /** One of `name` and `source`. */
  start: procedure
    .input(
      z.strictObject({
        ...Started,
        name: Started.name.optional(),
        source: Source.optional(),
        idempotencyKey: Key.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.workflows.start(input)),

  list: procedure
    .input(
      z
        .strictObject({
          status: z.enum(RUN_STATUSES).optional(),
          workflow: WorkflowName.optional(),
          limit: z.number().int().min(1).max(1000).optional(),
          cursor: z.string().max(256).optional(),
        })
        .optional(),
    )
    .query(({ ctx, input }) => ctx.plane.workflows.list(input ?? {})),

  status: procedure
    .input(OneRun)
    .query(async ({ ctx, input }) => onWire(await ctx.plane.workflows.status(input.runId))),

  output: procedure
    .input(OneRun.extend({ stepId: StepId.optional() }))
    .query(({ ctx, input }) => ctx.plane.workflows.output(input)),

  preview: procedure
    .input(z.strictObject({ runId: RunId, action: Action }))
    .query(({ ctx, input }) => ctx.plane.workflows.preview(input)),

  resume: procedure
    .input(OfRun.extend({ from: StepId.optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.resume(input)),

  retryStep: procedure
    .input(OfStep.extend({ input: StepInput.optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.retryStep(input)),

  skipStep: procedure
    .input(OfStep.extend({ output: z.json().optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.skipStep(input)),

  pause: procedure
    .input(OfRun.extend({ interrupt: z.boolean().optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.pause(input)),

  cancel: procedure
    .input(OfRun.extend({ reason: Text.optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.cancel(input)),

  setBudget: procedure
    .input(OfRun.extend({ budget: Budget }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.setBudget(input)),

  signal: procedure
    .input(OfRun.extend({ name: z.string().min(1).max(40), payload: z.json().optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.signal(input)),

  answer: procedure
    .input(
      OfStep.extend({
        choice: z.string().min(1).max(200),
        attempt: z
          .strictObject({
            generation: z.number().int().nonnegative(),
            attempt: z.number().int().positive(),
          })
          .optional(),
        note: Text.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.workflows.answer(input)),

  fork: procedure
    .input(OfRun.extend({ from: StepId, inputs: Inputs.optional(), input: StepInput.optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.fork(input)),

  /** `lastEventId` is what a client that reconnects saw last; it is further on than `offset`. */
  subscribe: procedure
    .input(z.strictObject({ runId: RunId, offset: Offset.optional(), lastEventId: Offset.optional() }))
    .subscription(({ ctx, input: { runId, offset, lastEventId }, signal }) =>
      trackedEvents(
        (until) => ctx.plane.workflows.follow({ runId, offset: lastEventId ?? offset, signal: until }),
        signal,
      ),
    ),

  schedule: procedure
    .input(
      z.strictObject({
        ...Started,
        when: When,
        overlap: z.enum(["skip", "allow"]).optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.workflows.schedule(input)),

  upcoming: procedure
    .input(z.strictObject({ when: When }))
    .query(({ ctx, input }) => ctx.plane.workflows.upcoming(input)),

  schedules: procedure.query(({ ctx }) => ctx.plane.workflows.schedules()),

  setSchedule: procedure
    .input(z.strictObject({ scheduleId: ScheduleId, enabled: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.setSchedule(input)),

  unschedule: procedure
    .input(z.strictObject({ scheduleId: ScheduleId }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.unschedule(input.scheduleId)),

  addWebhook: procedure
    .input(z.strictObject({ ...Started, bodyInput: z.string().min(1).max(40).optional() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.addWebhook(input)),

  webhooks: procedure.query(({ ctx }) => ctx.plane.workflows.webhooks()),

  setWebhook: procedure
    .input(z.strictObject({ webhookId: WebhookId, enabled: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.setWebhook(input)),

  removeWebhook: procedure
    .input(z.strictObject({ webhookId: WebhookId }))
    .mutation(({ ctx, input }) => ctx.plane.workflows.removeWebhook(input.webhookId)),
})

/** JSON has no maps and no sets. */
const onWire = ({ run, ...view }: Awaited<ReturnType<WorkflowPlane["status"]>>) => ({
  ...view,
  run: { ...run, steps: [...run.steps.values()], taken: [...run.taken] },
})
