/** Workflows, as a model starts runs of them, follows them and gets them going again. */
import { z } from "zod"
import { RunId } from "#streams/ids"
import { START } from "#streams/stream"
import { Input, WorkflowName } from "#streams/workflow/definition"
import type { RunEvent } from "#streams/workflow/event"
import { StepId } from "#streams/workflow/step-id"
import { Offset } from "../inputs.ts"
import { Problem } from "../problem.ts"
import type { RunView } from "../workflows/plane.ts"
import { type Caller, maySeeRun, maySeeWorkflow, tokenOf } from "./caller.ts"
import { collect } from "./collecting.ts"
import { monitor } from "./run-monitor.ts"
import { isOver, RunTold, runTold } from "./run-told.ts"
import { waitForRun } from "./settling.ts"
import { type Call, defineTool, keyFor, ToldKey, type Tool, WaitSeconds } from "./tool.ts"

/** Any JSON, without telling the schema of JSON to a model. */
const Any = z.unknown().pipe(z.json())
const One = z.strictObject({ runId: RunId })

const list = defineTool({
  name: "workflow_list",
  title: "See which workflows there are",
  description: "Lists the workflows that invoke_async can run, with the inputs that each takes.",
  area: "workflows",
  writes: false,
  input: z.strictObject({}),
  output: z.object({
    workflows: z.array(
      z.object({ name: z.string(), description: z.string().nullable(), inputs: z.record(z.string(), Input) }),
    ),
  }),
  async run(_, { plane, caller }) {
    const { workflows } = await plane.workflows.definitions()
    return {
      workflows: workflows
        .filter(({ name }) => maySeeWorkflow(caller, name))
        .map(({ name, definition }) => ({
          name,
          description: definition.description ?? null,
          inputs: definition.inputs ?? {},
        })),
    }
  },
})

const invoke = defineTool({
  name: "invoke_async",
  title: "Start a run of a workflow",
  description:
    "Starts a run of a workflow and returns at once. Keep the runId: it stays good whatever restarts, and the run goes on " +
    "whether or not you wait. Then call invoke_status with waitSeconds, or invoke_stream from the offset.",
  area: "workflows",
  writes: true,
  input: z.strictObject({
    workflow: WorkflowName.optional().describe("its name, as workflow_list has it"),
    definition: z
      .string()
      .max(262_144)
      .optional()
      .describe("instead of a name: a definition, in YAML or JSON"),
    inputs: z.record(z.string(), Any).optional(),
    workingDir: z.string().min(1).max(4096).optional().describe("whole path of the directory it works in"),
    idempotencyKey: ToldKey.optional(),
  }),
  output: z.object({ runId: z.string(), offset: z.string() }),
  async run({ workflow, definition, inputs, workingDir, idempotencyKey }, { plane, caller }) {
    if (workflow !== undefined && !maySeeWorkflow(caller, workflow)) throw unknownWorkflow(workflow)
    if (definition !== undefined) checkAnything(caller)
    const { runId } = await plane.workflows.start({
      ...{ name: workflow, source: definition, workingDir },
      inputs,
      within: caller.scope.workingDir ?? undefined,
      startedBy: "agent",
      startedWith: tokenOf(caller),
      idempotencyKey: keyFor(caller, idempotencyKey),
    })
    return { runId, offset: START }
  },
})

const status = defineTool({
  name: "invoke_status",
  title: "See how a run stands",
  description:
    "Tells how a run stands, with its steps, and what it gave when it is completed. With waitSeconds it waits until the run is " +
    "over or asks a person; when the time is over first, call it again, nothing is lost.",
  area: "workflows",
  writes: false,
  input: One.extend({ waitSeconds: WaitSeconds.default(0) }),
  output: RunTold,
  async run({ runId, waitSeconds }, call) {
    const view = await seen(call, runId)
    const { workflows } = call.plane
    if (waitSeconds === 0) return await runTold(workflows, view)
    await waitForRun(workflows, view, { ms: waitSeconds * 1000, signal: call.signal })
    return await runTold(workflows, await workflows.status(runId))
  },
})

const stream = defineTool({
  name: "invoke_stream",
  title: "Read what happened in a run",
  description:
    "Gives the events of a run after an offset, and waits for some if there are none yet. Go on with the offset of the answer: " +
    "no event is missing and none comes twice, after any restart. Large outputs are named by outputBlob; invoke_status has that " +
    "of the run.",
  area: "workflows",
  writes: false,
  input: One.extend({
    offset: Offset.optional().describe("from an earlier answer; left out: from the start"),
    waitSeconds: WaitSeconds.default(25),
    most: z.number().int().min(1).max(1000).default(200).describe("about how many events"),
  }),
  output: z.object({
    runId: z.string(),
    events: z.array(z.looseObject({ type: z.string(), at: z.string() })),
    offset: z.string(),
    over: z.boolean().describe("nothing more happens by itself"),
  }),
  async run({ runId, offset = START, waitSeconds, most }, call) {
    const { workflows } = call.plane
    const view = await seen(call, runId)
    const ended = isOver(view.run) && offset === view.offset
    const options = { ms: waitSeconds * 1000, most, signal: call.signal }
    const follow = (signal: AbortSignal) => workflows.follow({ runId, offset, signal })
    const found = ended ? { events: [], offset } : await collect(follow, options)
    const { run } = await workflows.status(runId)
    return {
      runId,
      events: found.events.map(withoutDefinition),
      offset: found.offset ?? offset,
      over: isOver(run),
    }
  },
})

const resume = defineTool({
  name: "invoke_resume",
  title: "Get a run going again",
  description:
    "Gets a run going again that failed or is paused: what failed is tried again, what was done stays done. With resume_from a step and " +
    "all that comes after it is done again, with retry one step, with skip the run goes on without it. dryRun tells what would " +
    "be done again, and does nothing.",
  area: "workflows",
  writes: true,
  input: One.extend({
    action: z.enum(["resume", "resume_from", "retry", "skip"]).default("resume"),
    stepId: StepId.optional().describe("for all actions but resume"),
    prompt: z.string().min(1).optional().describe("for retry: what the step is to be told instead"),
    output: Any.optional().describe("for skip: what the step shall have given"),
    dryRun: z.boolean().default(false),
    idempotencyKey: ToldKey.optional(),
  }),
  output: z.object({
    runId: z.string(),
    asked: z.boolean(),
    runs: z.array(z.string()).describe("the steps that are done because of it"),
    again: z.array(z.string()).describe("those of them that had run before"),
    offset: z.string().describe("for invoke_stream: what came of it is after this"),
  }),
  async run({ runId, action, stepId, prompt, output, dryRun, idempotencyKey }, call) {
    const { workflows } = call.plane
    const { offset } = await seen(call, runId)
    const wanted = actionOf(action, stepId)
    const { steps, again, refused } = await workflows.preview({ runId, action: wanted })
    if (refused !== null)
      throw new Problem("run_refused", [refused.message, refused.hint].filter(Boolean).join(" "))
    const of = { runId, idempotencyKey }
    if (!dryRun) {
      if (wanted.type === "resume") await workflows.resume(of)
      else if (wanted.type === "resume_from") await workflows.resume({ ...of, from: wanted.stepId })
      else if (wanted.type === "retry")
        await workflows.retryStep({ ...of, stepId: wanted.stepId, ...(prompt && { input: { prompt } }) })
      else await workflows.skipStep({ ...of, stepId: wanted.stepId, output })
    }
    return { runId, asked: !dryRun, runs: [...steps], again: [...again], offset }
  },
})

export const runTools: readonly Tool[] = [list, invoke, status, stream, resume, monitor]

/** The run, unless the caller may not see it: then there is none, as far as it is told. */
async function seen({ plane, caller }: Call, runId: RunId): Promise<RunView> {
  const view = await plane.workflows.status(runId)
  const workflow = view.run.definition?.name ?? ""
  if (maySeeRun(caller, { workflow, startedWith: view.startedWith })) return view
  throw new Problem("unknown_run", `There is no run ${runId} that you may see.`)
}

const unknownWorkflow = (name: string): Problem =>
  new Problem("unknown_workflow", `There is no workflow “${name}” that you may run: workflow_list has those.`)

/** The definition of a workflow can run any program. */
function checkAnything({ id, scope }: Caller): void {
  if (id === null || (scope.workflows === "all" && scope.mode === "bypass")) return
  throw new Problem(
    "mcp_forbidden",
    "A definition may run anything, and your token not: name a workflow that workflow_list has.",
  )
}

type ActionName = "resume" | "resume_from" | "retry" | "skip"

function actionOf(type: ActionName, stepId: StepId | undefined) {
  if (type === "resume") return { type } as const
  if (stepId !== undefined) return { type, stepId } as const
  throw new Problem("unknown_step", `Say with stepId which step to ${type.replace("_", " ")}.`)
}

/** What happened, without the definition that the first event pins: whoever reads on knows what they started. */
const withoutDefinition = (event: RunEvent): RunEvent | Omit<RunEvent, "definition"> => {
  if (event.type !== "run_created") return event
  const { definition: _, ...rest } = event
  return rest
}
