/** What the worker does outside the log: one attempt at one step, attended to until it has come to something. */
import type { BlobRef } from "#streams/event"
import type { RunId, SessionId } from "#streams/ids"
import type { Json } from "#streams/workflow/definition"
import type { StepFailure, StepUsage, WaitingFor } from "#streams/workflow/event"
import type { StepId } from "#streams/workflow/step-id"

export interface AttemptName {
  readonly stepId: StepId
  readonly generation: number
  readonly attempt: number
}

/** What came to be known of an attempt. The last three are ends. */
export type Finding =
  /** It goes on after it waited. */
  | { readonly type: "going" }
  | { readonly type: "waiting"; readonly for: WaitingFor }
  /** It lives and answers nobody since then (ISO 8601). */
  | { readonly type: "stalled"; readonly since: string }
  | { readonly type: "lost" }
  | {
      readonly type: "failed"
      readonly error: StepFailure
      readonly exitCode?: number | null
      readonly usage?: StepUsage
    }
  | {
      readonly type: "ended"
      /** `undefined`: it gave nothing. */
      readonly output?: Json
      readonly outputBlob?: BlobRef
      readonly workingDir?: string
      readonly exitCode?: number | null
      readonly usage?: StepUsage
    }

export const isEnd = ({ type }: Finding): boolean => type === "lost" || type === "failed" || type === "ended"

/** What another host holds that does not answer: nobody here can tell whether it goes on. */
export interface HeldElsewhere {
  readonly sessionId: SessionId
  readonly host: string
  /** When it was last heard of (ISO 8601). */
  readonly heardAt: string
}

/** Disposing ends the attending and nothing else: whoever attends to it next finds it as it is. */
export interface Attended extends Disposable {
  /** Ends what the attempt is about; resolves when it is at rest, or with who holds it where nobody here sees that. */
  stop(): Promise<HeldElsewhere | null>
}

export interface Attempt<Body> {
  readonly runId: RunId
  readonly name: AttemptName
  readonly body: Body
  /** Called for each finding in order, none twice in a row, and not after an end. */
  readonly report: (finding: Finding) => void
}
