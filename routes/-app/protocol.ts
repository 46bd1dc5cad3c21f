/**
 * What the engine (which owns the live tails, in a shared worker) and the tabs say to each other. Plain data only:
 * it crosses a message port.
 */
import type { RunId, SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import type { Session } from "#streams/session"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import type { RunEntry } from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import type { ItemsPatch } from "./patches.ts"
import type { StepsPatch } from "./run-patches.ts"

/** How one stream is doing. `retryAt` is in milliseconds since 1970, so that a tab can count down by itself. */
export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "catching-up"; readonly behind: number }
  | { readonly state: "live"; readonly seq: number | null }
  | { readonly state: "reconnecting"; readonly retryAt: number; readonly seq: number | null }
  /** Its events are put away: there is nothing to follow. */
  | { readonly state: "archived" }
  | { readonly state: "signed-out" }
  | { readonly state: "unknown"; readonly message: string }

/** All of a session but its transcript, which travels as patches, and what only a writer needs. */
export type SessionHeader = Omit<Session, "items" | "taken"> & { readonly title: string }

/** All of a run but its plan, its steps, which travel as patches, and what only a writer needs. */
export type RunHeader = Omit<Run, "definition" | "steps" | "taken"> & { readonly title: string }

/** What a run does not change while it runs. */
export interface RunPlan {
  readonly definition: WorkflowDefinition
  /** The step that is needed, and the one that needs it. */
  readonly edges: readonly (readonly [from: StepId, to: StepId])[]
}

/** What changed in a list. */
export interface ListPatch<Id, Row> {
  /** The tab forgets what it had. */
  readonly reset: boolean
  readonly entries: readonly Row[]
  readonly removed: readonly Id[]
  /** Whether the list was read to its end once. */
  readonly loaded: boolean
}

export type ToEngine =
  /** `lock` names a Web Lock that the tab holds while it lives; `null` where there are none. */
  | { readonly type: "hello"; readonly lock: string | null }
  | { readonly type: "watch"; readonly sessionId: SessionId }
  | { readonly type: "unwatch"; readonly sessionId: SessionId }
  | { readonly type: "watch-run"; readonly runId: RunId }
  | { readonly type: "unwatch-run"; readonly runId: RunId }
  /** Asks for the items before the first one that was sent. */
  | { readonly type: "older"; readonly sessionId: SessionId }
  /** Asks for older items until the one with that event is among them. */
  | { readonly type: "reach"; readonly sessionId: SessionId; readonly seq: number }
  /** Whoever waits before a new attempt stops waiting. */
  | { readonly type: "retry" }
  | { readonly type: "bye" }

export type FromEngine =
  | (ListPatch<SessionId, RegistryEntry> & { readonly type: "registry" })
  | { readonly type: "registry-connection"; readonly connection: Connection }
  | {
      readonly type: "session"
      readonly sessionId: SessionId
      readonly reset: boolean
      readonly header: SessionHeader
      readonly items: ItemsPatch
      readonly hasMore: boolean
    }
  | { readonly type: "session-connection"; readonly sessionId: SessionId; readonly connection: Connection }
  | (ListPatch<RunId, RunEntry> & { readonly type: "runs" })
  | {
      readonly type: "run"
      readonly runId: RunId
      readonly reset: boolean
      readonly header: RunHeader
      /** `null`: as before. */
      readonly plan: RunPlan | null
      readonly steps: StepsPatch
    }
  | { readonly type: "run-connection"; readonly runId: RunId; readonly connection: Connection }
