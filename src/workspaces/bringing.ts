/** What can be asked about bringing the work of a session home: committed, merged into a branch, or taken as a patch. */
import { z } from "zod"
import type { FileChange } from "#streams/file-change"
import type { SessionId } from "#streams/ids"

/**
 * `merge`: as it is, with a commit that joins both where the branch has gone on. `squash`: as one commit. `rebase`: the
 * same commits on top of the branch.
 */
export const MergeHow = z.enum(["merge", "squash", "rebase"])
export type MergeHow = z.infer<typeof MergeHow>

export interface MergeRequest {
  readonly sessionId: SessionId
  /** A branch; default: the one that is checked out where the work tree was made from. */
  readonly into?: string | undefined
  readonly how?: MergeHow | undefined
  /** Of the commit that is made for it, where one is. */
  readonly message?: string | undefined
}

export interface MergePreview {
  /** Of the session; `null`: none is checked out. */
  readonly branch: string | null
  readonly into: string
  readonly how: MergeHow
  /** Files that are in no commit yet: they are not brought. */
  readonly uncommitted: readonly string[]
  /** What the branch does not have, oldest first. */
  readonly commits: readonly { readonly commit: string; readonly subject: string }[]
  /** What becomes of the files of the branch. */
  readonly files: readonly FileChange[]
  /** Files in which both changed the same. While there are any, nothing is merged. */
  readonly conflicts: readonly string[]
  /** Why it would be refused as things are; `null`: it would be done. */
  readonly refused: { readonly reason: string; readonly message: string } | null
  /** What an agent can be told that is to settle the conflicts; `null` where there are none. */
  readonly request: string | null
}

export interface CommitRequest {
  readonly sessionId: SessionId
  readonly message: string
}

export interface Patched {
  /** What `git apply` reads. */
  readonly patch: string
  /** `base64` where the files are not in UTF-8. */
  readonly encoding: "utf8" | "base64"
}

export interface Bringing {
  /** Commits all that the session did in its work tree, in the name of the user. */
  commit(request: CommitRequest): Promise<{ readonly commit: string; readonly branch: string | null }>
  mergePreview(request: MergeRequest): Promise<MergePreview>
  merge(request: MergeRequest): Promise<{
    readonly into: string
    readonly commit: string
    readonly files: readonly FileChange[]
  }>
  /** All that the session did to its files since it began, in a work tree or not. */
  patch(sessionId: SessionId): Promise<Patched>
}
