/** How a session's branch and checkpoints stand elsewhere, read from its events. Pure, like the fold that it is a part of. */
import type { RequestId } from "./ids.ts"
import { needsDaemon, type Status } from "./session-status.ts"
import type { Failure } from "./stamp.ts"
import type { Branch, WorkspaceEvent } from "./workspace-event.ts"

export interface PushTrouble {
  readonly seq: number
  readonly at: string
  readonly error: Failure
  readonly attempt: number
  /** When it is tried again by itself; `null`: with the next checkpoint. */
  readonly dueAt: string | null
}

export interface PushState {
  readonly remote: string
  /** Without a secret; `null`: nothing was ever pushed. */
  readonly url: string | null
  readonly branch: Branch | null
  /** All checkpoints up to this one are there. */
  readonly checkpoint: number
  /** When that was. */
  readonly at: string | null
  /** Why the last attempt failed; `null`: it went well. */
  readonly trouble: PushTrouble | null
}

export interface WorkspaceState {
  readonly push: PushState | null
  /** The last push that was asked for and was not done. */
  readonly refused: { readonly requestId: RequestId; readonly error: Failure } | null
  /** How its work tree was made again, the last time. */
  readonly recovered: {
    readonly at: string
    readonly from: "remote" | "repository"
    readonly checkpoint: number | null
    readonly gone: number
  } | null
  /** Why it could not be made again; `null`: it was not tried, or it was. */
  readonly lost: Failure | null
}

export const untouchedWorkspace: WorkspaceState = {
  push: null,
  refused: null,
  recovered: null,
  lost: null,
}

export function workspaceAfter(state: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event.type) {
    case "workspace_pushed": {
      const { remote, url, branch, checkpoint, at } = event
      // What somebody brought elsewhere once is not where it is kept.
      if (isAside(state, event)) return state
      return { ...state, push: { remote, url, branch, checkpoint, at, trouble: null } }
    }
    case "workspace_push_failed": {
      const { seq, at, requestId, error, attempt, dueAt, remote } = event
      const refused = requestId === undefined ? state.refused : { requestId, error }
      if (isAside(state, event)) return { ...state, refused }
      const before = state.push ?? { remote, url: null, branch: null, checkpoint: 0, at: null }
      return { ...state, refused, push: { ...before, trouble: { seq, at, error, attempt, dueAt } } }
    }
    case "workspace_recovered": {
      const { at, from, checkpoint, gone } = event
      return { ...state, recovered: { at, from, checkpoint, gone }, lost: null }
    }
    case "workspace_lost":
      return { ...state, lost: event.error }
  }
}

const isAside = (
  { push }: WorkspaceState,
  { requestId, remote }: { readonly requestId?: RequestId | undefined; readonly remote: string },
): boolean => requestId !== undefined && push !== null && push.checkpoint > 0 && push.remote !== remote

interface Kept {
  readonly workspace: WorkspaceState
  readonly checkpoints: readonly { readonly n: number; readonly seq: number; readonly at: string }[]
}

/** What a list says of it; `null` where nothing was ever kept or pushed. It counts only where pushing is wanted. */
export interface Unpushed {
  /** The newest checkpoint that is at the remote, and the newest of all. */
  readonly checkpoint: number
  readonly of: number
  /** When it is tried next; `null`: there is nothing to do, or it waits for a person. */
  readonly dueAt: string | null
  readonly error: string | null
}

export function unpushedIn({ workspace: { push, lost }, checkpoints }: Kept): Unpushed | null {
  const last = checkpoints.at(-1)
  if (last === undefined) return null
  const { checkpoint = 0, trouble = null } = push ?? {}
  // What is lost cannot be pushed.
  const waits = last.n > checkpoint && lost === null
  // One that was kept since is a reason to try again.
  const retry = trouble !== null && trouble.seq > last.seq ? trouble.dueAt : last.at
  return { checkpoint, of: last.n, dueAt: waits ? retry : null, error: trouble?.error.message ?? null }
}

interface Places<Target> {
  readonly worktree?: { readonly push?: Target; readonly givenBackAt?: string | undefined } | undefined
  readonly checkout?: { readonly push: Target } | undefined
}

/** Where the work of a session is brought by itself; `undefined`: nowhere. */
export const pushTargetOf = <Target>({ worktree, checkout }: Places<Target>): Target | undefined =>
  worktree?.push ?? checkout?.push

interface Row extends Places<unknown> {
  readonly status: Status
  readonly archivedAt?: string | undefined
  readonly activity: { readonly push?: Unpushed | null | undefined } | null
}

/** Whether a daemon is to be started for nothing but that: one that works does it by itself. */
export function isPushDue({ status, archivedAt, activity, ...places }: Row, now: number): boolean {
  const dueAt = activity?.push?.dueAt
  if (pushTargetOf(places) === undefined || dueAt == null) return false
  // What was put away does not come back for that.
  if (archivedAt !== undefined || places.worktree?.givenBackAt !== undefined || needsDaemon(status))
    return false
  const time = Date.parse(dueAt)
  return !Number.isNaN(time) && time <= now
}
