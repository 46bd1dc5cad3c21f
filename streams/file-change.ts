/** What became of one file between two moments of a session. */
import { z } from "zod"

export const FileChange = z.object({
  path: z.string(),
  /** What it was called before, where it was renamed. */
  from: z.string().optional(),
  status: z.enum(["added", "deleted", "modified", "renamed", "mode_changed", "type_changed"]),
  /** Lines; `null` where it is not text. */
  added: z.number().int().nonnegative().nullable(),
  removed: z.number().int().nonnegative().nullable(),
})
export type FileChange = z.infer<typeof FileChange>

/**
 * A moment of a session's files: a checkpoint's number; `base`, what was checked out when the session began; `head`,
 * what is checked out; `now`, the files as they are.
 */
export const Moment = z.union([z.number().int().positive(), z.enum(["base", "head", "now"])])
export type Moment = z.infer<typeof Moment>
