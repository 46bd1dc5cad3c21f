/** Where a session is to work: in its directory, or in a work tree that is made for it. */
import { z } from "zod"

const Name = z.string().min(1).max(200)

export const WorkspaceRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("directory") }),
  z.strictObject({
    kind: z.literal("worktree"),
    /** Made at `base` where there is none of that name. Default: one named after the session. */
    branch: Name.optional(),
    /** A branch, tag or commit; default: that of the repository's configuration, else what is checked out. */
    base: Name.optional(),
    /** `false`: without the repository's commands, to set it up and to take it down. */
    setup: z.boolean().optional(),
  }),
])
export type WorkspaceRequest = z.infer<typeof WorkspaceRequest>
