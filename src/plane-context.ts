/** What every part of the control plane works with: where things are, and how long to wait for them. */
import type { IsolationKind } from "#daemon/process/isolation"
import type { KnownStreams } from "#daemon/spec"
import type { ChangeStreams } from "#streams/changes"
import type { OnLimit } from "#streams/limit"
import type { Limits } from "#streams/session-limits"
import type { FindEndpoint, Patience } from "#streams/transport"
import type { Folds } from "./folds.ts"
import type { Home } from "./home.ts"
import type { Log } from "./log.ts"

export interface PlaneContext {
  readonly endpoint: FindEndpoint
  /** What a daemon is told about the stream server. */
  readonly known: () => KnownStreams
  readonly folds: Folds
  readonly change: ChangeStreams
  readonly home: Home
  /** What the addresses of daemons' control sockets are made of. */
  readonly socketSecret: string
  readonly log: Log
  readonly patience: Patience
  readonly idleSeconds: number
  /** What sessions do about a limit that were not told anything else. */
  readonly onLimit: OnLimit
  /** What sessions may use that were not told anything else. */
  readonly limits: Limits
  /** No better isolation than this; left out, the best there is. */
  readonly isolation: IsolationKind | undefined
  readonly hideHome: boolean
  /** Whether agents get tools to keep notes with on where they stand. */
  readonly notes: boolean
  /** How many sessions the agent of a session may start that was not told. */
  readonly children: number
  /** Whether branch and checkpoints of sessions in work trees are pushed, whatever their repositories say. */
  readonly push: boolean
  /** Whether this control plane looks after all sessions all the time, so that no single question need do so. */
  readonly watching: boolean
}
