/**
 * The registry is the list of sessions: State Protocol rows in one stream. The control plane writes a `session`
 * row (who it is and how it was launched), each daemon its own `activity` row (how it is doing). A list never
 * opens a session's stream.
 */
import { type ChangeEvent, createStateSchema, isChangeEvent, type StateEvent } from "@durable-streams/state"
import { z } from "zod"
import { PermissionMode } from "./event.ts"
import { RunId, SessionId, TokenId } from "./ids.ts"
import { OnLimit } from "./limit.ts"
import { type Session, STATUSES, type Status } from "./session.ts"
import { Limits } from "./session-limits.ts"
import { StepId } from "./workflow/step-id.ts"
import { unpushedIn } from "./workspace-fold.ts"

/** Commands that make a work tree ready before its first turn, each for so many minutes at most. */
export const SetUp = z.object({
  commands: z.array(z.string()),
  minutes: z.number().positive(),
  /** How often the work tree was made again: what made it ready has to be done again. */
  round: z.number().int().nonnegative().optional(),
})
export type SetUp = z.infer<typeof SetUp>

/** Where the work of a session is brought after each turn: the address is what it was when that was allowed. */
const PushTarget = z.object({ remote: z.string(), url: z.string() })

/** A work tree of a repository that was made for a session. */
export const Worktree = z.object({
  /** The top of the work tree that it was made from. */
  root: z.string(),
  path: z.string(),
  branch: z.string().nullable(),
  /** The commit that it began with. */
  base: z.string(),
  setUp: SetUp.optional(),
  /** Where branch and checkpoints are brought. */
  push: PushTarget.optional(),
  /** Commands to be run before it is taken away. */
  tearDown: SetUp.optional(),
  /** It is not there since then on purpose, and is made again when the session goes on. */
  givenBackAt: z.string().optional(),
  /** How often it was made again, and the last time of which checkpoint; `null`: as its branch had it. */
  remade: z
    .object({ times: z.number().int().positive(), checkpoint: z.number().int().positive().nullable() })
    .optional(),
})
export type Worktree = z.infer<typeof Worktree>

/** The user's own work tree, where a session works in that and its checkpoints are brought elsewhere. */
export const Checkout = z.object({
  /** Its top. */
  root: z.string(),
  /** Where checkpoints are brought. Branches there are the user's. */
  push: PushTarget,
})
export type Checkout = z.infer<typeof Checkout>

/** Identity and launch profile: all that is needed to start the daemon again. */
export const SessionRow = z.object({
  sessionId: SessionId,
  agentType: z.string(),
  workingDir: z.string(),
  worktree: Worktree.optional(),
  /** Left out with `worktree`, and where nothing is brought anywhere. */
  checkout: Checkout.optional(),
  model: z.string().optional(),
  title: z.string(),
  permissionMode: PermissionMode,
  /** What was chosen of the agent's own options, by their ids. */
  config: z.record(z.string(), z.string()).optional(),
  /** Names of the MCP servers it was given. What they are started with may be secret and is not here. */
  mcpServers: z.array(z.string()).optional(),
  onLimit: OnLimit.optional(),
  limits: Limits.optional(),
  /** The token of MCP that it was started with, or the session whose agent started it. */
  startedBy: z.union([TokenId, SessionId]).optional(),
  /** The attempt at a step of a run that it is. */
  step: z
    .object({
      runId: RunId,
      stepId: StepId,
      generation: z.number().int().nonnegative(),
      attempt: z.number().int().positive(),
    })
    .optional(),
  /** Its daemon leaves after so long without anything to do; left out, as the environment says. */
  idleSeconds: z.number().nonnegative().optional(),
  createdAt: z.string(),
})
export type SessionRow = z.infer<typeof SessionRow>

/** How it is doing, as its writer last knew. `epoch` orders writers: a lower one is not believed. */
export const ActivityRow = z.object({
  sessionId: SessionId,
  epoch: z.number().int(),
  status: z.enum(STATUSES),
  lastLine: z.string(),
  turns: z.number().int(),
  approvals: z.number().int(),
  queued: z.number().int(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  costUsd: z.number().nullable(),
  error: z.string().nullable(),
  /** The service refuses the agent until then. */
  limit: z
    .object({ kind: z.enum(["rate", "usage"]), until: z.string().nullable(), resumes: z.boolean() })
    .nullish(),
  /** How its checkpoints stand at the remote, where they are to be there. */
  push: z
    .object({
      checkpoint: z.number().int(),
      of: z.number().int(),
      dueAt: z.string().nullable(),
      error: z.string().nullable(),
    })
    .nullish(),
  updatedAt: z.string(),
  /** Offset of the inbox up to which its commands were taken. */
  inboxOffset: z.string(),
  /** The session's newest event. */
  seq: z.number().int(),
})
export type ActivityRow = z.infer<typeof ActivityRow>

/** Where the transcript of an archived session is; `null`: in its events again. A lower epoch is not believed. */
export const ArchiveRow = z.object({
  sessionId: SessionId,
  epoch: z.number().int(),
  archivedAt: z.string().nullable(),
  stream: z.string().nullable(),
})
export type ArchiveRow = z.infer<typeof ArchiveRow>

const registrySchema = createStateSchema({
  sessions: { schema: SessionRow, type: "session", primaryKey: "sessionId" },
  activities: { schema: ActivityRow, type: "activity", primaryKey: "sessionId" },
  archives: { schema: ArchiveRow, type: "archive", primaryKey: "sessionId" },
})

export const sessionRowChange = (value: SessionRow): ChangeEvent =>
  registrySchema.sessions.upsert({ key: value.sessionId, value }) as ChangeEvent
/** Both rows of a session that is to be forgotten. */
export const rowRemovals = (sessionId: SessionId): ChangeEvent[] => [
  registrySchema.sessions.delete({ key: sessionId }) as ChangeEvent,
  registrySchema.activities.delete({ key: sessionId }) as ChangeEvent,
  registrySchema.archives.delete({ key: sessionId }) as ChangeEvent,
]
export const activityRowChange = (value: ActivityRow): ChangeEvent =>
  registrySchema.activities.upsert({ key: value.sessionId, value }) as ChangeEvent

export const archiveRowChange = (value: ArchiveRow): ChangeEvent =>
  registrySchema.archives.upsert({ key: value.sessionId, value }) as ChangeEvent

export interface RegistryEntry extends SessionRow {
  readonly archive?: ArchiveRow
  /** Since when it is archived; a message to it ends that. */
  readonly archivedAt?: string
  readonly status: Status
  readonly activity: ActivityRow | null
}

/** Sessions by id, in the order in which they were created. */
export type Registry = ReadonlyMap<SessionId, RegistryEntry>

export const emptyRegistry: Registry = new Map()

/** Applies rows in order. The given registry is not changed; entries keep their identity unless a row changed them. */
export function foldRegistry(registry: Registry, events: Iterable<unknown>): Registry {
  let next: Map<SessionId, RegistryEntry> | null = null
  const entry = (id: SessionId) => (next ?? registry).get(id)
  const set = (value: RegistryEntry) => {
    next ??= new Map(registry)
    next.set(value.sessionId, value)
  }
  for (const event of events) {
    if (!isRow(event)) continue
    const { type, value, key, headers } = event
    if (type === "session" && headers.operation === "delete") {
      next ??= new Map(registry)
      next.delete(key as SessionId)
    } else if (type === "session") {
      const row = SessionRow.safeParse(value)
      if (!row.success) continue
      const known = entry(row.data.sessionId)
      const { status = "starting", activity = null } = known ?? {}
      set({ ...archivedAs(known?.archive), ...row.data, status, activity })
    } else if (type === "activity") {
      const row = ActivityRow.safeParse(value)
      const known = row.success ? entry(row.data.sessionId) : undefined
      if (!row.success || !known || row.data.epoch < (known.activity?.epoch ?? 0)) continue
      set({ ...known, status: row.data.status, activity: row.data })
    } else if (type === "archive") {
      const row = ArchiveRow.safeParse(value)
      const known = row.success ? entry(row.data.sessionId) : undefined
      if (!row.success || !known || row.data.epoch < (known.archive?.epoch ?? 0)) continue
      const { archivedAt: _, ...rest } = known
      set({ ...rest, ...archivedAs(row.data) })
    }
  }
  return next ?? registry
}

const archivedAs = (archive: ArchiveRow | undefined) => ({
  ...(archive && { archive }),
  ...(archive?.archivedAt && { archivedAt: archive.archivedAt }),
})
/** The library's own test takes for granted that there are headers. */
export const isRow = (event: unknown): event is ChangeEvent =>
  isObject(event) && "headers" in event && isObject(event.headers) && isChangeEvent(event as StateEvent)

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** The row that a session's fold amounts to. */
export const activityOf = (session: Session, inboxOffset: string): ActivityRow => ({
  sessionId: session.sessionId,
  epoch: session.epoch,
  status: session.status,
  lastLine: session.lastLine,
  turns: session.turns,
  approvals: session.approvals.length,
  queued: session.queue.length,
  inputTokens: session.usage.inputTokens,
  outputTokens: session.usage.outputTokens,
  costUsd: session.usage.costUsd,
  error: session.error?.message ?? null,
  limit: session.limit && {
    kind: session.limit.kind,
    until: session.limit.until,
    resumes: session.limit.resumes,
  },
  push: unpushedIn(session),
  updatedAt: session.updatedAt ?? "",
  inboxOffset,
  seq: session.seq,
})
