/** Starts a session: once everything that it is started again from is durable, its daemon may come. */
import { cataloguedAgents } from "#daemon/agents/catalogue"
import { messageIdOf, newSessionId, type SessionId, sessionIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { type SessionRow, sessionRowChange } from "#streams/registry"
import { lastLineOf } from "#streams/session"
import { changedLimits, type LimitChange, type Limits } from "#streams/session-limits"
import { appendTo, createStream } from "#streams/stream"
import { COMMAND_AGENT } from "#streams/workflow/program"
import { agentEnvironment } from "../config.ts"
import { saveLaunchProfile } from "../launch-profile.ts"
import { Problem, type SpawnRequest } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { checkedPrompt } from "../prompt.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import { makeWorkspace } from "../workspaces/workspace.ts"
import { guarded } from "./guarded.ts"
import { keepAttachments } from "./messages.ts"
import type { Reach } from "./reach.ts"
import { warningOn } from "./setting.ts"

/** What is known of a session that a step of a run is. */
export type OfStep = Pick<SessionRow, "step" | "idleSeconds">

export async function spawnSession(
  context: PlaneContext,
  { ask, wake }: Pick<Reach, "ask" | "wake">,
  request: SpawnRequest,
  ofStep: OfStep = {},
): Promise<{ readonly sessionId: SessionId; readonly warning?: string }> {
  const { endpoint, folds, patience } = context
  const { agentType, prompt, workingDir, model, title, permissionMode = "ask" } = request
  const { onLimit, idempotencyKey, config, mcpServers = [], attachments } = request
  const text = checkedPrompt(prompt)
  const directory = await checkedWorkingDir(workingDir, context.home.path)
  // Who runs programs is no agent that one can ask for.
  if (ofStep.step === undefined || agentType !== COMMAND_AGENT)
    await checkAgent(context.home.path, agentType, mcpServers)

  const sessionId = idempotencyKey === undefined ? newSessionId() : await sessionIdOf(idempotencyKey)
  if (idempotencyKey !== undefined && (await folds.registry()).value.has(sessionId)) return { sessionId }
  const workspace = await makeWorkspace(context.home.path, sessionId, {
    directory,
    request: request.workspace,
  })
  const row = {
    sessionId,
    agentType,
    ...workspace,
    ...(model !== undefined && { model }),
    title: title?.trim() || titleOf(text),
    permissionMode,
    ...(onLimit !== undefined && { onLimit }),
    ...limitsFor(context.limits, request.limits),
    ...(config !== undefined && { config }),
    ...(mcpServers.length > 0 && { mcpServers: mcpServers.map(({ name }) => name) }),
    ...ofStep,
    createdAt: new Date().toISOString(),
  }
  await guarded(async () => {
    await createStream(endpoint, paths.inbox(sessionId), patience)
    await createStream(endpoint, paths.events(sessionId), patience)
    if (mcpServers.length > 0)
      await saveLaunchProfile(context.home.path, sessionId, { mcpServers: [...mcpServers] })
    const messageId = await messageIdOf(sessionId, "first")
    const kept = await keepAttachments(context, sessionId, attachments)
    await ask(sessionId, { type: "user_message", messageId, text, mode: "queue", ...kept })
    await appendTo(endpoint, paths.registry, [sessionRowChange(row)], patience)
  })
  wake({ ...row, status: "starting", activity: null }, { resume: false })
  return { sessionId, ...warningOn(permissionMode) }
}

function limitsFor(defaults: Limits, change: LimitChange = {}): { readonly limits?: Limits } {
  const limits = changedLimits(defaults, change)
  return Object.keys(limits).length === 0 ? {} : { limits }
}

const titleOf = (prompt: string): string => {
  const line = prompt.trim().split("\n")[0] ?? ""
  return line.length <= 80 ? line : `${lastLineOf(line.slice(0, 79))}…`
}

async function checkAgent(
  home: string,
  agentType: string,
  mcpServers: NonNullable<SpawnRequest["mcpServers"]>,
): Promise<void> {
  const { profiles, fault } = cataloguedAgents(home)
  const profile = profiles[agentType]
  if (!profile) {
    const known = Object.keys(profiles).join(", ")
    const unread = fault === null ? "" : ` Those that you configured could not be read: ${fault}`
    throw new Problem("unknown_agent", `There is no agent "${agentType}": choose one of ${known}.${unread}`)
  }
  const { needs } = await profile.preflight(agentEnvironment(), home)
  if (needs.length > 0) throw new Problem("agent_not_ready", needs.join(" "))
  if (mcpServers.length > 0 && profile.takesMcpServers === false)
    throw new Problem("mcp_not_taken", `${profile.title} takes no MCP servers: start it without them.`)
}
