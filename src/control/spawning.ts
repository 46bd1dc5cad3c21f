/** How a session comes to be: durable first, then its daemon. */
import { cataloguedAgents } from "#daemon/agents/catalogue"
import type { McpServer } from "#daemon/mcp-server"
import { messageIdOf, newSessionId, SessionId, sessionIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { type SessionRow, sessionRowChange } from "#streams/registry"
import { lastLineOf } from "#streams/session"
import { changedLimits, type LimitChange, type Limits } from "#streams/session-limits"
import { appendTo, createStream } from "#streams/stream"
import { agentEnvironment } from "../config.ts"
import { saveLaunchProfile } from "../launch-profile.ts"
import { asChild, checkWithin, grantChildren, takePlace } from "../mcp/children.ts"
import { type ControlPlane, Problem, type SpawnRequest } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { checkedPrompt } from "../prompt.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import { makeWorkspace } from "../workspaces/workspace.ts"
import { guarded } from "./guarded.ts"
import { keepAttachments } from "./messages.ts"
import type { Reach } from "./reach.ts"
import { warningOn } from "./setting.ts"

export function spawning(context: PlaneContext, { entryOf, ask, wake }: Reach): Pick<ControlPlane, "spawn"> {
  const { endpoint, folds, home, patience } = context

  /** The session whose agent asks, where it is one. */
  const parentIn = ({ startedBy }: SpawnRequest): SessionId | undefined => SessionId.safeParse(startedBy).data

  async function makeDurable(row: SessionRow, request: SpawnRequest, mcpServers: readonly McpServer[]) {
    const { sessionId } = row
    await createStream(endpoint, paths.inbox(sessionId), patience)
    await createStream(endpoint, paths.events(sessionId), patience)
    if (mcpServers.length > 0) await saveLaunchProfile(home.path, sessionId, { mcpServers: [...mcpServers] })
    const messageId = await messageIdOf(sessionId, "first")
    const kept = await keepAttachments(context, sessionId, request.attachments)
    await ask(sessionId, { type: "user_message", messageId, text: request.prompt, mode: "queue", ...kept })
    await appendTo(endpoint, paths.registry, [sessionRowChange(row)], patience)
  }

  return {
    async spawn(given) {
      const parent = parentIn(given)
      const request =
        parent === undefined
          ? given
          : await guarded(async () => asChild(home.path, await entryOf(parent), given))
      const { agentType, model, title, permissionMode = "ask" } = request
      const { onLimit, idempotencyKey, config, mcpServers = [], startedBy } = request
      const profile = profileOf(home.path, agentType)
      const text = checkedPrompt(request.prompt)
      const directory = await checkedWorkingDir(request.workingDir ?? request.within, home.path)
      checkWithin(directory, request.within)
      const { needs } = await profile.preflight(agentEnvironment(), home.path)
      if (needs.length > 0) throw new Problem("agent_not_ready", needs.join(" "))
      const takesServers = profile.takesMcpServers !== false
      const asked = given.children && given.children.most > 0
      if (!takesServers && (mcpServers.length > 0 || asked))
        throw new Problem(
          "mcp_not_taken",
          `${profile.title} takes no MCP servers, by which it could also start sessions: start it without them.`,
        )

      const sessionId = idempotencyKey === undefined ? newSessionId() : await sessionIdOf(idempotencyKey)
      const isThere = async () => (await folds.registry()).value.has(sessionId)
      if (idempotencyKey !== undefined && (await guarded(isThere))) return { sessionId }
      await using place = parent === undefined ? null : await takePlace(home.path, parent, sessionId)
      // A child has what its parent leaves it, and never what sessions have that were told nothing.
      const standard = parent === undefined ? context.children : 0
      const children = request.children ?? { most: standard, depth: 1 }
      const allowed = takesServers && children.most > 0
      const own = allowed ? [await grantChildren(home, sessionId, children)] : []
      const servers = [...mcpServers, ...own]
      const workspace = await makeWorkspace(home.path, sessionId, { directory, request: request.workspace })
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
        ...(servers.length > 0 && { mcpServers: servers.map(({ name }) => name) }),
        ...(startedBy !== undefined && { startedBy }),
        createdAt: new Date().toISOString(),
      }
      await guarded(() => makeDurable(row, request, servers))
      place?.keep()
      wake({ ...row, status: "starting", activity: null }, { resume: false })
      return { sessionId, ...warningOn(permissionMode) }
    },
  }
}

function profileOf(home: string, agentType: string) {
  const { profiles, fault } = cataloguedAgents(home)
  const profile = profiles[agentType]
  if (profile) return profile
  const known = Object.keys(profiles).join(", ")
  const unread = fault === null ? "" : ` Those that you configured could not be read: ${fault}`
  throw new Problem("unknown_agent", `There is no agent "${agentType}": choose one of ${known}.${unread}`)
}

function limitsFor(defaults: Limits, change: LimitChange = {}): { readonly limits?: Limits } {
  const limits = changedLimits(defaults, change)
  return Object.keys(limits).length === 0 ? {} : { limits }
}

const titleOf = (prompt: string): string => {
  const line = prompt.trim().split("\n")[0] ?? ""
  return line.length <= 80 ? line : `${lastLineOf(line.slice(0, 79))}…`
}
