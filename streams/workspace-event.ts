/**
 * What became of a session's branch and checkpoints elsewhere than on this disk: all that is needed to have them again where
 * nothing but the stream is left.
 */
import { z } from "zod"
import { RequestId } from "./ids.ts"
import { event, Failure } from "./stamp.ts"

const Branch = z.object({ name: z.string(), commit: z.string() })
export type Branch = z.infer<typeof Branch>

/** They are at the remote. */
export const WorkspacePushed = event("workspace_pushed", {
  /** The request that asked for it; left out, it was done in the background. */
  requestId: RequestId.optional(),
  /** What the repository calls the remote. */
  remote: z.string(),
  /** Its address, without a secret. */
  url: z.string(),
  /** `null`: none is checked out, or it is the user's own. */
  branch: Branch.nullable(),
  /** Every checkpoint up to this one is there; 0: none. */
  checkpoint: z.number().int().nonnegative(),
  /** What was written this time. */
  refs: z.array(z.object({ ref: z.string(), commit: z.string() })),
})

/** They are not, and it is not known whether some of them are. */
export const WorkspacePushFailed = event("workspace_push_failed", {
  requestId: RequestId.optional(),
  remote: z.string(),
  /** `null`: the repository has no such remote, or its address is refused. */
  url: z.string().nullable(),
  error: Failure,
  /** How many there were since it went well, this one included. */
  attempt: z.number().int().positive(),
  /** When it is tried again by itself; `null`: with the next checkpoint. */
  dueAt: z.string().nullable(),
})

/** Its work tree, or the user's directory that it works in, was gone and is there again. */
export const WorkspaceRecovered = event("workspace_recovered", {
  /** `repository`: that was still on this machine. */
  from: z.enum(["remote", "repository"]),
  branch: Branch.nullable(),
  /** The files are as they were at this checkpoint; `null`: as the branch has them. */
  checkpoint: z.number().int().positive().nullable(),
  /** The newest checkpoints that are nowhere any more. */
  gone: z.number().int().nonnegative(),
})

/** It is gone and could not be made again. */
export const WorkspaceLost = event("workspace_lost", { error: Failure })

export type WorkspaceEvent =
  | z.infer<typeof WorkspacePushed>
  | z.infer<typeof WorkspacePushFailed>
  | z.infer<typeof WorkspaceRecovered>
  | z.infer<typeof WorkspaceLost>
