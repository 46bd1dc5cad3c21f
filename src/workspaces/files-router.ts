/** The part of the router that is about the files of sessions. */
import { z } from "zod"
import { Moment } from "#streams/file-change"
import { SessionId } from "#streams/ids"
import { Directory } from "../inputs.ts"
import { checkedPrompt } from "../prompt.ts"
import { procedure } from "../trpc.ts"
import { MergeHow } from "./bringing.ts"

const Count = z.number().int().positive().max(1_000_000)
const Between = {
  sessionId: SessionId,
  from: Moment.optional(),
  to: Moment.optional(),
  turn: Count.optional(),
}

const Line = z.string().trim().min(1).max(200)
const Push = { sessionId: SessionId, remote: Line.optional() }

const Merge = {
  sessionId: SessionId,
  into: z.string().min(1).max(200).optional(),
  how: MergeHow.optional(),
}

export const filesProcedures = {
  checkpoints: procedure
    .input(z.strictObject({ sessionId: SessionId }))
    .query(({ ctx, input }) => ctx.plane.checkpoints(input.sessionId)),

  checkpoint: procedure
    .input(z.strictObject({ sessionId: SessionId, note: z.string().trim().min(1).max(4000).optional() }))
    .mutation(({ ctx, input }) => ctx.plane.checkpoint(input)),

  changes: procedure.input(z.strictObject(Between)).query(({ ctx, input }) => ctx.plane.changes(input)),

  diff: procedure
    .input(z.strictObject({ ...Between, path: z.string().min(1).max(4096).optional() }))
    .query(({ ctx, input }) => ctx.plane.diff(input)),

  commit: procedure
    .input(z.strictObject({ sessionId: SessionId, message: z.string().trim().min(1).max(20_000) }))
    .mutation(({ ctx, input }) => ctx.plane.commit(input)),

  mergePreview: procedure
    .input(z.strictObject(Merge))
    .query(({ ctx, input }) => ctx.plane.mergePreview(input)),

  merge: procedure
    .input(z.strictObject({ ...Merge, message: z.string().trim().min(1).max(20_000).optional() }))
    .mutation(({ ctx, input }) => ctx.plane.merge(input)),

  patch: procedure
    .input(z.strictObject({ sessionId: SessionId }))
    .query(({ ctx, input }) => ctx.plane.patch(input.sessionId)),

  push: procedure.input(z.strictObject(Push)).mutation(({ ctx, input }) => ctx.plane.push(input)),

  pullRequest: procedure
    .input(
      z.strictObject({
        ...Push,
        base: Line.optional(),
        title: Line.optional(),
        body: z.string().max(60_000).optional(),
        draft: z.boolean().optional(),
        dryRun: z.boolean().optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.pullRequest(input)),

  recover: procedure
    .input(
      z.strictObject({
        sessionIds: z.array(SessionId).min(1).max(1000).optional(),
        dryRun: z.boolean().optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.recover(input)),

  restore: procedure
    .input(z.strictObject({ sessionId: SessionId, n: Count, dryRun: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.plane.restore(input)),

  fork: procedure
    .input(
      z.strictObject({
        sessionId: SessionId,
        at: Count.optional(),
        seq: z.number().int().nonnegative().optional(),
        prompt: z.string().transform(checkedPrompt).optional(),
        title: z.string().min(1).max(200).optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.fork(input)),

  repositoryConfig: procedure
    .input(z.strictObject({ workingDir: Directory }))
    .query(({ ctx, input }) => ctx.plane.repositoryConfig(input.workingDir)),

  allowCommands: procedure
    .input(z.strictObject({ workingDir: Directory, hash: z.string().regex(/^[0-9a-f]{64}$/) }))
    .mutation(({ ctx, input }) => ctx.plane.allowCommands(input)),
}
