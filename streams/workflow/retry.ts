/** When a step that failed is tried again. Pure: the time and the dice are arguments. */
import type { Body, Retry } from "./definition.ts"
import { durationMs } from "./duration.ts"
import type { FailureClass, RunEventOf, StepFailure } from "./event.ts"
import type { Run, StepState } from "./run.ts"
import { attemptOf, bodyOf } from "./step-body.ts"
import type { StepId } from "./step-id.ts"

interface RetryPolicy {
  /** In all. */
  readonly attempts: number
  readonly delayMs: number
  readonly maxDelayMs: number
}

const DEFAULT = { attempts: 3, delay: "1s", maxDelay: "30s" }

/** Attempts of one step that may be lost with our own processes before the step is given up. */
const MOST_RECOVERIES = 10

/** What another attempt cannot mend. */
const FINAL: ReadonlySet<FailureClass> = new Set([
  "validation",
  "configuration",
  "unauthorized",
  "forbidden",
  "missing_cli",
  "rejected",
  "cancelled",
])

const isRetryable = ({ class: kind }: Pick<StepFailure, "class">): boolean => !FINAL.has(kind)

/** Nobody is asked again, and nothing is waited for again, unless the step itself says so. */
const ONCE: ReadonlySet<Body["kind"]> = new Set(["approval", "wait", "transform"])

function retryPolicyOf(run: Run, stepId: StepId): RetryPolicy {
  const body = bodyOf(run, stepId)
  const once: Retry | undefined = body && ONCE.has(body.kind) ? { attempts: 1 } : undefined
  const told: readonly (Retry | undefined)[] = [body?.retry, once, run.definition?.defaults?.retry]
  const first = <Key extends keyof Retry>(key: Key) => told.find((retry) => retry?.[key] !== undefined)?.[key]
  return {
    attempts: first("attempts") ?? DEFAULT.attempts,
    delayMs: durationMs(first("delay") ?? DEFAULT.delay),
    maxDelayMs: durationMs(first("maxDelay") ?? DEFAULT.maxDelay),
  }
}

/** What the clock and the dice say. `random` gives 0 ≤ x < 1. */
export interface Chance {
  readonly now: number
  readonly random: () => number
}

type Failed = Omit<RunEventOf<"step_failed">, "id" | "epoch" | "n" | "at">

/** What to say of an attempt that failed by itself: the next one is due in up to the doubled delay, or there is none. */
export function failedEvent(
  run: Run,
  step: StepState,
  failure: Pick<Failed, "error" | "exitCode" | "usage">,
  { now, random }: Chance,
): Failed {
  const policy = retryPolicyOf(run, step.stepId)
  const retryable = isRetryable(failure.error)
  const said: Failed = { type: "step_failed", ...attemptOf(step), ...failure, retryable }
  const failures = step.failures + 1
  if (!retryable || failures >= policy.attempts) return said
  const most = Math.min(policy.maxDelayMs, policy.delayMs * 2 ** (failures - 1))
  const delay = failure.error.retryAfterMs ?? Math.round(random() * most)
  return { ...said, retryAt: new Date(now + delay).toISOString() }
}

/** What to say of an attempt that was lost with a process of ours: the step is not to blame, and is due at once. */
export function lostEvent(step: StepState, { now }: Pick<Chance, "now">): Failed {
  const lost = { type: "step_failed", ...attemptOf(step), lost: true } as const
  if (step.recoveries < MOST_RECOVERIES)
    return {
      ...lost,
      error: {
        code: "attempt_lost",
        class: "transient",
        message: "The process that ran this attempt is gone. The step is tried again.",
      },
      retryable: true,
      retryAt: new Date(now).toISOString(),
    }
  return {
    ...lost,
    error: {
      code: "recovery_limit",
      class: "transient",
      message: `The process that ran this step was lost ${MOST_RECOVERIES + 1} times.`,
      hint: "Look at the logs for what ends it, then retry the step.",
    },
    retryable: false,
  }
}
