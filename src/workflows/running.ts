/** Runs as a control plane sees them: what there is, how one stands, and what can be asked of it. */
import { follow } from "#streams/follow"
import type { CommandId, RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { addressOf, authorization } from "#streams/transport"
import { type Action, affectedBy } from "#streams/workflow/affected"
import { refusalOf } from "#streams/workflow/answer"
import type { RunCommand } from "#streams/workflow/command"
import type { Json } from "#streams/workflow/definition"
import { parseRunEvent } from "#streams/workflow/event"
import { forkOf } from "#streams/workflow/fork"
import { isRefusal } from "#streams/workflow/refusal"
import type { Run } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { guarded } from "../control/guarded.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { askRun, type Undated } from "./ask-run.ts"
import type { RunFolds } from "./folds.ts"
import { textOfBlob } from "./outputs.ts"
import type { ActionPreview, Asked, WorkflowPlane } from "./plane.ts"
import { definitionOf, makeRun } from "./starting.ts"
import type { Wake } from "./waking.ts"

const LIST = 500

type Running = Pick<
  WorkflowPlane,
  | "start"
  | "list"
  | "status"
  | "preview"
  | "output"
  | "resume"
  | "retryStep"
  | "skipStep"
  | "pause"
  | "cancel"
  | "setBudget"
  | "signal"
  | "answer"
  | "fork"
  | "follow"
>

export function running(context: PlaneContext, folds: RunFolds, wake: Wake): Running {
  const { endpoint } = context

  /** Puts it into the inbox, unless the run as it stands would refuse it. */
  async function ask(runId: RunId, command: Undated, key?: string): Promise<Asked> {
    return await guarded(async () => {
      const { run } = await folds.run(runId)
      const refused = refusalIn(run, command)
      if (refused !== null) throw refusedBy(refused)
      const commandId = await askRun(context, runId, command, key)
      wake()
      return { runId, commandId }
    })
  }

  return {
    start: ({ name, source, inputs = {}, startedBy = "user", ...rest }) =>
      guarded(async () => {
        const definition = await definitionOf(folds, { name, source })
        const runId = await makeRun(context, {
          definition,
          inputs,
          startedBy,
          workingDir: undefined,
          ...rest,
        })
        wake()
        return { runId }
      }),

    list: ({ status, workflow, limit = LIST, cursor }) =>
      guarded(async () => {
        const { value, offset } = await folds.runs()
        const found = [...value.values()]
          .reverse()
          .filter(
            (run) => (status ?? run.status) === run.status && (workflow ?? run.workflow) === run.workflow,
          )
        const from = cursor === undefined ? 0 : found.findIndex(({ runId }) => runId === cursor) + 1
        const runs = found.slice(from, from + limit)
        const last = runs.at(-1)?.runId
        return { runs, offset, ...(from + limit < found.length && last !== undefined && { cursor: last }) }
      }),

    status: (runId) =>
      guarded(async () => {
        const { run, offset } = await folds.run(runId)
        const title = run.definition?.description ?? run.definition?.name ?? runId
        const { startedWith } = (await folds.runs()).value.get(runId) ?? {}
        return { run, offset, title, startedWith, resume: previewOf(run, { type: "resume" }) }
      }),

    output: ({ runId, stepId }) =>
      guarded(async () => {
        const { run } = await folds.run(runId)
        const output = stepId === undefined ? run.output : run.steps.get(stepId)?.output
        if (output === undefined) throw unknownStep(runId, stepId ?? "")
        if (output.type === "none") return {}
        if (output.type === "value") return { output: output.value as Json }
        return { output: JSON.parse(await textOfBlob(endpoint, output.ref.blob, context.patience)) as Json }
      }),

    preview: ({ runId, action }) => guarded(async () => previewOf((await folds.run(runId)).run, action)),

    resume: ({ runId, from, idempotencyKey }) =>
      ask(
        runId,
        from === undefined ? { type: "resume" } : { type: "resume_from", stepId: from },
        idempotencyKey,
      ),
    retryStep: ({ runId, stepId, input, idempotencyKey }) =>
      ask(runId, { type: "retry_step", stepId, ...(input && { input }) }, idempotencyKey),
    skipStep: ({ runId, stepId, output, idempotencyKey }) =>
      ask(runId, { type: "skip_step", stepId, ...(output !== undefined && { output }) }, idempotencyKey),
    pause: ({ runId, interrupt, idempotencyKey }) =>
      ask(runId, { type: "pause", ...(interrupt !== undefined && { interrupt }) }, idempotencyKey),
    cancel: ({ runId, reason, idempotencyKey }) =>
      ask(runId, { type: "cancel", ...(reason !== undefined && { reason }) }, idempotencyKey),
    setBudget: ({ runId, budget, idempotencyKey }) =>
      ask(runId, { type: "set_budget", budget }, idempotencyKey),
    signal: ({ runId, name, payload, idempotencyKey }) =>
      ask(runId, { type: "signal", name, ...(payload !== undefined && { payload }) }, idempotencyKey),

    async answer({ runId, stepId, attempt, choice, note, idempotencyKey }) {
      const { run } = await guarded(() => folds.run(runId))
      const asking = attempt ?? run.steps.get(stepId)
      if (asking === undefined) throw unknownStep(runId, stepId)
      const { generation, attempt: number } = asking
      const answer = {
        type: "approval_answer",
        stepId,
        generation,
        attempt: Math.max(1, number),
        choice,
      } as const
      return await ask(runId, { ...answer, ...(note !== undefined && { note }) }, idempotencyKey)
    },

    fork: ({ runId, from, inputs, input, idempotencyKey }) =>
      guarded(async () => {
        const { run } = await folds.run(runId)
        const events = forkOf(run, { stepId: from, inputs, input })
        if (isRefusal(events)) throw refusedBy(events.refused)
        const key = idempotencyKey === undefined ? undefined : `${runId} fork ${idempotencyKey}`
        const forked = await makeRun(context, { events, idempotencyKey: key })
        wake()
        return { runId: forked }
      }),

    async *follow({ runId, offset, signal }) {
      await guarded(() => folds.run(runId))
      const url = () => addressOf(endpoint(), paths.runEvents(runId))
      const headers = () => authorization(endpoint())
      for await (const batch of follow({ url, headers, offset, signal }))
        for (const item of batch.items) {
          const event = parseRunEvent(item)
          if (event) yield { event, offset: batch.offset }
        }
    },
  }
}

const unknownStep = (runId: RunId, stepId: StepId): Problem =>
  new Problem(
    "unknown_step",
    `Run ${runId} has no step ${stepId}: \`agentz workflow show ${runId}\` lists them.`,
  )

/** Asked of the run as it stands: its worker asks again when it comes to the command. */
const refusalIn = (run: Run, command: Undated) =>
  refusalOf(run, { ...command, commandId: "cmd_asked" as CommandId, at: "" } as RunCommand)

const COMMANDS = {
  resume: "resume",
  resume_from: "resume_from",
  retry: "retry_step",
  skip: "skip_step",
} as const

function previewOf(run: Run, action: Action): ActionPreview {
  const affected = affectedBy(run, action)
  if (action.type === "fork") {
    const events = forkOf(run, { stepId: action.stepId })
    return { ...affected, refused: isRefusal(events) ? events.refused : null }
  }
  const of = action.type === "resume" ? {} : { stepId: action.stepId }
  return { ...affected, refused: refusalIn(run, { type: COMMANDS[action.type], ...of } as Undated) }
}

const refusedBy = ({ code, message, hint }: { code: string; message: string; hint?: string | undefined }) =>
  new Problem(
    code === "unknown_step" || code === "invalid_inputs" ? code : "run_refused",
    hint === undefined ? message : `${message} ${hint}`,
  )
