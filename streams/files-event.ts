/** What became of the files that a session works on. */
import { z } from "zod"
import { RequestId, TurnId } from "./ids.ts"
import { event, Failure } from "./stamp.ts"

/** A file that a checkpoint does not have as it was. */
export const LeftOut = z.object({
  path: z.string(),
  /**
   * `too_large`: larger than one file may be. `too_much`: all that changed was larger than may be kept at once.
   * `nested_repository`: a repository inside the tree keeps its own files.
   */
  why: z.enum(["too_large", "too_much", "nested_repository", "not_a_file", "unreadable"]),
  bytes: z.number().int().nonnegative().optional(),
})
export type LeftOut = z.infer<typeof LeftOut>

/** The files as they were at this place of the stream. What is checked out, staged or stashed was not touched for it. */
export const Checkpoint = event("checkpoint", {
  /** Counts from 1 through the session. */
  n: z.number().int().positive(),
  when: z.enum(["before_turn", "after_turn", "asked", "before_restore", "restored"]),
  /** The turn that runs, or has just come to its end. */
  turnId: TurnId.optional(),
  /** The request that asked for it. */
  requestId: RequestId.optional(),
  /** What whoever asked for it has to say. */
  note: z.string().optional(),
  commit: z.string(),
  tree: z.string(),
  /** What was checked out in the repository; `null` before the first commit and where there is no repository. */
  head: z.string().nullable(),
  /** What differs from the checkpoint before; for the first one, from `head`. Lines are counted in text alone. */
  changed: z.object({
    files: z.number().int().nonnegative(),
    added: z.number().int().nonnegative(),
    removed: z.number().int().nonnegative(),
  }),
  /** At most 50 of them are named. */
  leftOut: z.object({ count: z.number().int().positive(), files: z.array(LeftOut) }).optional(),
})
export type Checkpoint = z.infer<typeof Checkpoint>

/** The files are as they were at checkpoint `n` again; `checkpoint` is the number of the checkpoint that says so. */
export const Restored = event("restored", {
  requestId: RequestId,
  n: z.number().int().positive(),
  checkpoint: z.number().int().positive(),
  files: z.number().int().nonnegative(),
})

/** What was asked for the files was not done, and nothing was changed. */
export const FilesRefused = event("files_refused", { requestId: RequestId, error: Failure })
