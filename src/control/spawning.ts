/** Starts a session: once everything that it is started again from is durable, its daemon may come. */
import { type AgentProfile, cataloguedAgents } from "#daemon/agents/catalogue"
import { messageIdOf, newSessionId, SessionId, sessionIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { type SessionRow, sessionRowChange } from "#streams/registry"
import { lastLineOf } from "#streams/session"
import { changedLimits, type LimitChange, type Limits } from "#streams/session-limits"
import { appendTo, createStream } from "#streams/stream"
import { COMMAND_AGENT } from "#streams/workflow/program"
import { agentEnvironment } from "../config.ts"
import { saveLaunchProfile } from "../launch-profile.ts"
import { asChild, CHILDREN_SERVER, checkWithin, grantChildren, takePlace } from "../mcp/children.ts"
import type { SpawnRequest } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
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
  reach: Pick<Reach, "entryOf" | "ask" | "wake">,
  given: SpawnRequest,
  ofStep: OfStep = {},
): Promise<{ readonly sessionId: SessionId; readonly warning?: string }> {
  const { home, folds } = context
  const parent = SessionId.safeParse(given.startedBy).data
  const request =
    parent === undefined
      ? given
      : await guarded(async () => asChild(home.path, await reach.entryOf(parent), given))
  const { agentType, model, title, permissionMode = "ask" } = request
  const { onLimit, idempotencyKey, config, mcpServers = [], startedBy } = request
  const text = checkedPrompt(request.prompt)
  const directory = await checkedWorkingDir(request.workingDir ?? request.within, home.path)
  checkWithin(directory, request.within)
  // Who runs programs is no agent that one can ask for.
  const profile =
    ofStep.step === undefined || agentType !== COMMAND_AGENT ? await readyAgent(home.path, agentType) : null
  if (mcpServers.length > 0 || (given.children?.most ?? 0) > 0) checkTakesServers(profile)

  const sessionId = idempotencyKey === undefined ? newSessionId() : await sessionIdOf(idempotencyKey)
  if (idempotencyKey !== undefined && (await folds.registry()).value.has(sessionId)) return { sessionId }
  await using place = parent === undefined ? null : await takePlace(home.path, parent, sessionId)
  const workspace = await makeWorkspace(home.path, sessionId, {
    ...{ directory, request: request.workspace, pushes: context.push },
  })
  // A child has what its parent leaves it, and never what sessions have that were told nothing; nor has a step.
  const standard = parent === undefined && ofStep.step === undefined ? context.children : 0
  const children = request.children ?? { most: standard, depth: 1 }
  const allowed = takesServers(profile) && children.most > 0
  const childrenToken = allowed ? await grantChildren(home, sessionId, children) : undefined
  const names = [...mcpServers.map(({ name }) => name), ...(allowed ? [CHILDREN_SERVER] : [])]
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
    ...(names.length > 0 && { mcpServers: names }),
    ...(startedBy !== undefined && { startedBy }),
    ...ofStep,
    createdAt: new Date().toISOString(),
  }
  await guarded(() => makeDurable(context, reach, { row, request, childrenToken }))
  place?.keep()
  reach.wake({ ...row, status: "starting", activity: null }, { resume: false })
  return { sessionId, ...warningOn(permissionMode) }
}

interface Durable {
  readonly row: SessionRow
  readonly request: SpawnRequest
  readonly childrenToken: string | undefined
}

/** In this order: a session is there as soon as its row is. */
async function makeDurable(
  context: PlaneContext,
  { ask }: Pick<Reach, "ask">,
  { row, request, childrenToken }: Durable,
): Promise<void> {
  const { endpoint, home, patience } = context
  const { sessionId } = row
  const { prompt: text, mcpServers = [], attachments } = request
  await createStream(endpoint, paths.inbox(sessionId), patience)
  await createStream(endpoint, paths.events(sessionId), patience)
  if (row.mcpServers !== undefined)
    await saveLaunchProfile(home.path, sessionId, { mcpServers: [...mcpServers], childrenToken })
  const messageId = await messageIdOf(sessionId, "first")
  const kept = await keepAttachments(context, sessionId, attachments)
  await ask(sessionId, { type: "user_message", messageId, text, mode: "queue", ...kept })
  await appendTo(endpoint, paths.registry, [sessionRowChange(row)], patience)
}

function limitsFor(defaults: Limits, change: LimitChange = {}): { readonly limits?: Limits } {
  const limits = changedLimits(defaults, change)
  return Object.keys(limits).length === 0 ? {} : { limits }
}

const titleOf = (prompt: string): string => {
  const line = prompt.trim().split("\n")[0] ?? ""
  return line.length <= 80 ? line : `${lastLineOf(line.slice(0, 79))}…`
}

/** The agent of that name, if it can run here. */
async function readyAgent(home: string, agentType: string): Promise<AgentProfile> {
  const { profiles, fault } = cataloguedAgents(home)
  const profile = profiles[agentType]
  if (!profile) {
    const known = Object.keys(profiles).join(", ")
    const unread = fault === null ? "" : ` Those that you configured could not be read: ${fault}`
    throw new Problem("unknown_agent", `There is no agent "${agentType}": choose one of ${known}.${unread}`)
  }
  const { needs } = await profile.preflight(agentEnvironment(), home)
  if (needs.length > 0) throw new Problem("agent_not_ready", needs.join(" "))
  return profile
}

const takesServers = (profile: AgentProfile | null): boolean =>
  profile !== null && profile.takesMcpServers !== false

function checkTakesServers(profile: AgentProfile | null): void {
  if (takesServers(profile)) return
  throw new Problem(
    "mcp_not_taken",
    `${profile?.title ?? "That agent"} takes no MCP servers, by which it could also start sessions: start it without them.`,
  )
}
