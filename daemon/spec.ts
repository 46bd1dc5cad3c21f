/**
 * What a spawner tells a daemon: one file, 0600, read once and deleted. Never argv, which every user can see, and
 * never the daemon's environment, which its children would inherit.
 */
import { z } from "zod"
import { PermissionMode } from "#streams/event"
import { SessionId } from "#streams/ids"
import { OnLimit } from "#streams/limit"
import { SetUp, Worktree } from "#streams/registry"
import { Limits } from "#streams/session-limits"
import { McpServer } from "./mcp-server.ts"
import { ISOLATIONS } from "./process/isolation.ts"

/** The stream server as it was known; `fixed` is one that the user named, `launch` how ours is started again. */
export const KnownStreams = z.object({
  url: z.string(),
  token: z.string().nullable(),
  fixed: z.boolean(),
  launch: z.object({ main: z.string(), port: z.number().int() }).optional(),
})
export type KnownStreams = z.infer<typeof KnownStreams>

export const DaemonSpec = z.object({
  sessionId: SessionId,
  /** Granted by the control plane; the daemon publishes under it and under no other. */
  epoch: z.number().int().positive(),
  incarnation: z.string(),
  /** The address of its control socket; left out by versions in which it could be guessed. */
  socket: z.string().optional(),
  agentType: z.string(),
  workingDir: z.string(),
  model: z.string().optional(),
  permissionMode: PermissionMode,
  /** What was chosen of the agent's own options, by their ids. */
  config: z.record(z.string(), z.string()).optional(),
  /** `false`: its agent gets no tools to keep notes with. */
  notes: z.boolean().optional(),
  /** With their secrets: this file is private, and gone once it was read. */
  mcpServers: z.array(McpServer).optional(),
  /** Names of those that it was launched with and whose private file is not here any more. */
  missingMcpServers: z.array(z.string()).optional(),
  /** Take up the interrupted turn rather than wait for a message. */
  resume: z.boolean(),
  idleSeconds: z.number().nonnegative(),
  /** What to do when the service refuses the agent for a while. */
  onLimit: OnLimit,
  /** What makes its work tree ready. */
  setUp: SetUp.optional(),
  /** Where its checkpoints are brought by themselves, and its branch, if that is not the user's own. */
  push: z.object({ remote: z.string(), url: z.string(), branch: z.boolean().default(true) }).optional(),
  /** What the user's environment says of how a remote is reached. It may hold keys, and is for git alone. */
  gitEnv: z.record(z.string(), z.string()).optional(),
  /** What is run in it before it is given back. */
  tearDown: SetUp.optional(),
  /** How often the work tree was made again, and of which checkpoint the last time. */
  remade: Worktree.shape.remade,
  /** What the session may use. */
  limits: Limits.optional(),
  home: z.string(),
  /** No better isolation than this; left out, the best there is. */
  isolation: z.enum(ISOLATIONS).optional(),
  /** Whether programs of the session may see agentz's home also where it could be hidden. */
  showsHome: z.boolean().optional(),
  /** Where the stream server was when this was written; its run file in `home` knows better when it moved. */
  streams: KnownStreams,
  /** Where to tell what happens: the variables of OpenTelemetry, whose headers may hold a key. */
  otel: z.record(z.string(), z.string()).optional(),
  /** The agent's own variables, for the agent alone. */
  agentEnv: z.record(z.string(), z.string()),
})
export type DaemonSpec = z.infer<typeof DaemonSpec>
