/** The beginning of a conversation with an agent: what we can do, who it is, and the conversation itself, new or resumed. */
import {
  type AgentCapabilities,
  type ClientContext,
  type LoadSessionResponse,
  methods,
  type NewSessionResponse,
  PROTOCOL_VERSION,
  type PromptCapabilities,
  RequestError,
  type ResumeSessionRequest,
  type ResumeSessionResponse,
} from "@agentclientprotocol/sdk"
import type { Offered } from "./acp/choices.ts"
import { mcpServersFor } from "./acp/mcp-servers.ts"
import { canSteer } from "./acp/steering.ts"
import { AgentFailed } from "./agent-failed.ts"
import type { McpServer } from "./mcp-server.ts"
import type { OwnServer } from "./notes/server.ts"

export interface StartedAgent {
  readonly name: string
  readonly version: string | undefined
  readonly sessionId: string
  readonly offered: Offered
  /** Whether it takes messages into a running turn. */
  readonly steers: boolean
  /** What a message to it may hold beside text. */
  readonly can: PromptCapabilities | undefined
  /** Why the agent begins without its memory of the conversation; `null` when it has it, or there is none yet. */
  readonly lost: string | null
}

/**
 * Makes the adapters of Claude and Codex tell retries and errors as such rather than as the agent's words. Whoever
 * declares it is sent no live output of commands, unless it asks for that as well.
 */
const CLIENT_META = {
  terminal_output_delta: true,
  jetbrains: { air: { version: 1, capabilities: ["sessionFailure"] } },
}

export interface StartOptions {
  readonly cwd: string
  readonly mcpServers: readonly McpServer[] | undefined
  /** One of agentz's own. */
  readonly ownServer?: (() => Promise<OwnServer>) | undefined
  readonly resumeAgentSession: string | null
}

/** Throws {@link AgentFailed} for what no retry would mend. */
export async function startAgent(
  context: ClientContext,
  { cwd, mcpServers = [], ownServer, resumeAgentSession }: StartOptions,
): Promise<StartedAgent> {
  const initialized = await context.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: "agentz", version: "1" },
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      session: { notices: {}, compaction: {} },
      _meta: CLIENT_META,
    },
  })
  const { agentInfo, agentCapabilities, protocolVersion } = initialized
  if (protocolVersion !== PROTOCOL_VERSION)
    throw new AgentFailed({
      code: "agent_protocol",
      message: `The agent speaks version ${protocolVersion} of the Agent Client Protocol; agentz speaks ${PROTOCOL_VERSION}.`,
      hint: "Install a version of the agent that speaks it.",
    })
  const info = {
    name: agentInfo?.title ?? agentInfo?.name ?? "agent",
    version: agentInfo?.version,
    steers: canSteer(initialized),
    can: agentCapabilities?.promptCapabilities,
  }
  const reaches = agentCapabilities?.mcpCapabilities
  const own = await ownServer?.()
  const isFree = own !== undefined && mcpServers.every(({ name }) => name !== own.name)
  const servers = isFree ? [...mcpServers, reaches?.http === true ? own.http : own.stdio] : mcpServers
  const conversation = { cwd, mcpServers: mcpServersFor(servers, reaches) }
  const begin = async () => {
    const opened = await context.request<NewSessionResponse>(methods.agent.session.new, conversation)
    return { ...info, sessionId: opened.sessionId, offered: offeredIn(opened) }
  }

  if (resumeAgentSession === null) return { ...(await begin()), lost: null }
  const again = await takeUp(context, { ...conversation, sessionId: resumeAgentSession }, agentCapabilities)
  if ("lost" in again) return { ...(await begin()), lost: again.lost }
  return { ...info, ...again, sessionId: resumeAgentSession, lost: null }
}

/** What an agent tells while it loads is the past, which the stream has already: nobody listens then. */
async function takeUp(
  context: ClientContext,
  conversation: ResumeSessionRequest,
  capabilities: AgentCapabilities | undefined,
): Promise<{ readonly offered: Offered } | { readonly lost: string }> {
  const { resume, load } = methods.agent.session
  try {
    if (capabilities?.sessionCapabilities?.resume)
      return { offered: offeredIn(await context.request<ResumeSessionResponse>(resume, conversation)) }
    if (capabilities?.loadSession)
      return { offered: offeredIn(await context.request<LoadSessionResponse>(load, conversation)) }
    return { lost: "It cannot take up a conversation." }
  } catch (error) {
    if (!(error instanceof RequestError) || !isLoss(error)) throw error
    return { lost: error.message }
  }
}

const offeredIn = ({ modes, configOptions }: ResumeSessionResponse): Offered => ({
  modes: modes ?? null,
  configOptions: configOptions ?? [],
})

const AUTH_REQUIRED = -32000

/** Whether the agent has no such conversation, rather than no key, or another process that holds it. */
const isLoss = ({ code, message }: RequestError): boolean =>
  code !== AUTH_REQUIRED && !/\bin use\b|authenti/i.test(message)
