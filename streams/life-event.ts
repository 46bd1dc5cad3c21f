/** What a session is and becomes: its daemons, its agent, and what was set for it. */
import { z } from "zod"
import { SessionId } from "./ids.ts"
import { Limits } from "./session-limits.ts"
import { event, Failure } from "./stamp.ts"

export const PermissionMode = z.enum(["ask", "accept_edits", "read_only", "bypass"])
export type PermissionMode = z.infer<typeof PermissionMode>

/** A git repository: its top, the branch (`null`: none is checked out) and the commit (`null`: before the first). */
const Repository = z.object({ root: z.string(), branch: z.string().nullable(), head: z.string().nullable() })
export type Repository = z.infer<typeof Repository>

/** The session goes on from another one as it was at its event `seq`; what it took from that follows. */
export const ForkedFrom = event("forked_from", {
  sessionId: SessionId,
  /** Of the last event that was taken. */
  forkSeq: z.number().int().nonnegative(),
})

export const SessionStarted = event("session_started", {
  agentType: z.string(),
  workingDir: z.string(),
  model: z.string().optional(),
  permissionMode: PermissionMode,
  pid: z.number().int(),
  /** Start time of the process as the system counts it; with `bootId` and `pid` it names one process for good. */
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  incarnation: z.string(),
  /** Version of agentz. */
  version: z.string(),
  /** How surely its processes are found and ended: `cgroup`, `namespace` or `marker`. */
  isolation: z.string().optional(),
  /** What the session may use; what is absent is not limited. */
  limits: Limits.optional(),
  /** What the working directory is part of, as it stood then. */
  git: Repository.optional(),
})

export const AgentStarted = event("agent_started", {
  /** Absent where the agent runs inside the daemon. */
  pid: z.number().int().optional(),
  /** With `pid` and the `bootId` of its daemon it names one process for good. */
  startTime: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  /** What the agent calls this conversation; the key to resume it. */
  agentSessionId: z.string(),
})

export const AgentExited = event("agent_exited", {
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  expected: z.boolean(),
})

export const ModeChanged = event("mode_changed", { mode: PermissionMode })

/** One thing that can be chosen for the agent: its model, its own mode, how hard it thinks. */
export const ConfigOption = z.object({
  id: z.string(),
  name: z.string(),
  category: z.enum(["model", "mode", "effort", "other"]),
  value: z.string(),
  choices: z.array(z.object({ value: z.string(), name: z.string(), description: z.string().optional() })),
})
export type ConfigOption = z.infer<typeof ConfigOption>

/** All there is to choose, each time anew. */
export const ConfigOptions = event("config_options", { options: z.array(ConfigOption) })

export const SlashCommand = z.object({
  name: z.string(),
  description: z.string(),
  hint: z.string().optional(),
})
export type SlashCommand = z.infer<typeof SlashCommand>

/** What a message may begin with, as `/name`. All of it, each time anew. */
export const AvailableCommands = event("available_commands", { commands: z.array(SlashCommand) })

/** From now on the session may use this, all of it named. */
export const LimitsChanged = event("limits_changed", { limits: Limits })

/** The daemon left in peace. The session can be continued; a message wakes it. */
export const SessionEnded = event("session_ended", { reason: z.enum(["idle", "stopped"]) })

/** The daemon could not start or broke. Said by itself, or on its behalf with the end of its log. */
export const SessionFailed = event("session_failed", { error: Failure, logTail: z.string().optional() })

/** The daemon is gone or silent in mid-turn. Said on its behalf. Nothing that was acknowledged is lost. */
export const SessionInterrupted = event("session_interrupted", {
  error: Failure,
  logTail: z.string().optional(),
})
