/** How an attempt at each kind of step is attended to. */
import type { SessionId } from "#streams/ids"
import type { StepUsage } from "#streams/workflow/event"
import type { Run } from "#streams/workflow/run"
import type { DriverDeps } from "./driver.ts"
import { attendRun, type RunStepDeps } from "./run-step.ts"
import { attendSession, type SessionStepDeps } from "./session-step.ts"

export const attending =
  (deps: SessionStepDeps & RunStepDeps): DriverDeps["attend"] =>
  (run, { body, session, ...name }, report) => {
    const { runId, definition } = run
    const workingDir = run.workingDir ?? "/"
    if (body.kind === "workflow") return attendRun(deps, { runId, name, body, workingDir, report })
    const isGoneOnIn =
      definition?.steps.some((step) => step.kind === "agent" && step.session === name.stepId) ?? false
    return attendSession(deps, {
      runId,
      name,
      body,
      report,
      session,
      begunOn: run.steps.get(name.stepId)?.attempts.at(-1)?.host ?? null,
      workingDir,
      title: `${definition?.name ?? "workflow"} · ${name.stepId}`,
      isGoneOnIn: isGoneOnIn || session !== null,
      usedBefore: session === null ? NOTHING : usedIn(run, session),
    })
  }

const NOTHING: StepUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** What attempts that have ended used in the session. */
const usedIn = ({ steps }: Run, sessionId: SessionId): StepUsage =>
  [...steps.values()]
    .flatMap(({ attempts }) => attempts)
    .filter((attempt) => attempt.sessionId === sessionId)
    .reduce<StepUsage>(
      (sum, { usage }) => ({
        inputTokens: sum.inputTokens + (usage?.inputTokens ?? 0),
        outputTokens: sum.outputTokens + (usage?.outputTokens ?? 0),
        costUsd: (sum.costUsd ?? 0) + (usage?.costUsd ?? 0),
      }),
      NOTHING,
    )
