import { z } from "zod"
import { McpServers } from "#daemon/mcp-server"
import { Children } from "#streams/children"
import { SendMode } from "#streams/command"
import { Decision, PermissionMode } from "#streams/event"
import { MessageId, RequestId, RuleId, SessionId, UploadId } from "#streams/ids"
import { OnLimit } from "#streams/limit"
import { RuleMatch, RuleScope } from "#streams/rule"
import { STATUSES } from "#streams/session"
import { LimitChange } from "#streams/session-limits"
import { WorkspaceRequest } from "#streams/workspace-request"
import { Directory, Key, Offset } from "./inputs.ts"
import { checkedPrompt } from "./prompt.ts"
import { trackedEvents } from "./tracked-events.ts"
import { procedure, router } from "./trpc.ts"
import { filesProcedures } from "./workspaces/files-router.ts"

const Prompt = z.string().transform(checkedPrompt)
const Line = z.string().min(1).max(200)
const Attachments = z
  .array(z.strictObject({ uploadId: UploadId, name: Line }))
  .max(16)
  .readonly()
const OneSession = z.strictObject({ sessionId: SessionId })

export const agentRouter = router({
  spawn: procedure
    .input(
      z.strictObject({
        agentType: z.string().min(1).max(64),
        prompt: Prompt,
        workingDir: Directory.optional(),
        workspace: WorkspaceRequest.optional(),
        model: Line.optional(),
        title: Line.optional(),
        permissionMode: PermissionMode.optional(),
        config: z.record(Line, Line).optional(),
        mcpServers: McpServers.optional(),
        attachments: Attachments.optional(),
        onLimit: OnLimit.optional(),
        limits: LimitChange.optional(),
        children: Children.optional(),
        idempotencyKey: Key.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.spawn(input)),

  sendMessage: procedure
    .input(
      z.strictObject({
        sessionId: SessionId,
        text: Prompt,
        mode: SendMode.optional(),
        attachments: Attachments.optional(),
        idempotencyKey: Key.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.sendMessage(input)),

  withdraw: procedure
    .input(z.strictObject({ sessionId: SessionId, messageId: MessageId }))
    .mutation(({ ctx, input }) => ctx.plane.withdraw(input)),

  attach: procedure
    .input(z.strictObject({ data: z.base64().min(1), uploadId: UploadId.optional() }))
    .mutation(({ ctx, input }) => ctx.plane.attach(input)),

  cancel: procedure.input(OneSession).mutation(({ ctx, input }) => ctx.plane.cancel(input.sessionId)),

  approve: procedure
    .input(
      z.strictObject({
        sessionId: SessionId,
        requestId: RequestId,
        decision: Decision,
        note: z.string().trim().min(1).max(4000).optional(),
        optionId: z.string().min(1).max(200).optional(),
        scope: RuleScope.optional(),
        match: RuleMatch.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.plane.approve(input)),

  setLimits: procedure
    .input(z.strictObject({ sessionId: SessionId, limits: LimitChange }))
    .mutation(({ ctx, input }) => ctx.plane.setLimits(input)),
  rules: procedure.query(({ ctx }) => ctx.plane.rules()),

  revokeRule: procedure
    .input(z.strictObject({ ruleId: RuleId }))
    .mutation(({ ctx, input }) => ctx.plane.revokeRule(input.ruleId)),

  setMode: procedure
    .input(z.strictObject({ sessionId: SessionId, mode: PermissionMode }))
    .mutation(({ ctx, input }) => ctx.plane.setMode(input)),

  setConfigOption: procedure
    .input(z.strictObject({ sessionId: SessionId, optionId: Line, value: Line }))
    .mutation(({ ctx, input }) => ctx.plane.setConfigOption(input)),

  resume: procedure.input(OneSession).mutation(({ ctx, input }) => ctx.plane.resume(input.sessionId)),

  getSession: procedure
    .input(
      z.strictObject({
        sessionId: SessionId,
        tail: z.number().int().min(0).max(10_000).optional(),
        before: z.number().int().nonnegative().optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.plane.getSession(input)),

  listSessions: procedure
    .input(
      z
        .strictObject({
          status: z.enum(STATUSES).optional(),
          query: z.string().max(200).optional(),
          limit: z.number().int().min(1).max(1000).optional(),
          cursor: z.string().max(256).optional(),
        })
        .optional(),
    )
    .query(({ ctx, input }) => ctx.plane.listSessions(input ?? {})),

  search: procedure
    .input(
      z.strictObject({
        query: z.string().trim().min(1).max(200),
        limit: z.number().int().min(1).max(500).optional(),
        cursor: z
          .string()
          .regex(/^ses_[a-z0-9_-]{1,60}(\.\d{1,15})?$/, "must be a cursor that agentz gave out")
          .optional(),
      }),
    )
    .query(({ ctx, input, signal }) => ctx.plane.search({ ...input, signal })),

  files: procedure
    .input(
      z
        .strictObject({
          sessionId: SessionId.optional(),
          workingDir: Directory.optional(),
          query: z.string().max(200).default(""),
          limit: z.number().int().min(1).max(100).optional(),
        })
        .transform(({ sessionId, workingDir, ...rest }, check) => {
          if (sessionId !== undefined && workingDir === undefined) return { where: { sessionId }, ...rest }
          if (workingDir !== undefined && sessionId === undefined) return { where: { workingDir }, ...rest }
          check.addIssue("name either sessionId or workingDir")
          return z.NEVER
        }),
    )
    .query(({ ctx, input }) => ctx.plane.files(input)),

  /** `lastEventId` is what a client that reconnects saw last; it is further on than `offset`. */
  subscribe: procedure
    .input(
      z.strictObject({ sessionId: SessionId, offset: Offset.optional(), lastEventId: Offset.optional() }),
    )
    .subscription(({ ctx, input: { sessionId, offset, lastEventId }, signal }) =>
      trackedEvents(
        (until) => ctx.plane.follow({ sessionId, offset: lastEventId ?? offset, signal: until }),
        signal,
      ),
    ),

  rename: procedure
    .input(z.strictObject({ sessionId: SessionId, title: Line }))
    .mutation(({ ctx, input }) => ctx.plane.rename(input)),

  archive: procedure.input(OneSession).mutation(({ ctx, input }) => ctx.plane.archive(input.sessionId)),

  unarchive: procedure.input(OneSession).mutation(({ ctx, input }) => ctx.plane.unarchive(input.sessionId)),

  sizes: procedure
    .input(z.strictObject({ sessionIds: z.array(SessionId).max(1000) }))
    .query(({ ctx, input }) => ctx.plane.sizes(input.sessionIds)),

  prune: procedure
    .input(
      z.strictObject({
        olderThanDays: z.number().nonnegative().max(36_500).default(30),
        sessionIds: z.array(SessionId).max(1000).optional(),
        dryRun: z.boolean().default(false),
      }),
    )
    .mutation(({ ctx, input: { olderThanDays, ...rest } }) =>
      ctx.plane.prune({ olderThanMs: olderThanDays * 86_400_000, ...rest }),
    ),

  ...filesProcedures,

  storage: procedure.query(({ ctx }) => ctx.plane.storage()),

  agentTypes: procedure.query(({ ctx }) => ctx.plane.agentTypes()),
})
