/** The beginning of a conversation with an agent: what we can do, who it is, and the conversation itself, new or resumed. */
import {
  type AgentCapabilities,
  type ClientContext,
  type LoadSessionResponse,
  type McpServer,
  methods,
  type NewSessionResponse,
  PROTOCOL_VERSION,
  RequestError,
  type ResumeSessionResponse,
} from "@agentclientprotocol/sdk"
import type { Offered } from "./acp/choices.ts"
import { mcpServersFor } from "./acp/mcp-servers.ts"
import { canSteer } from "./acp/steering.ts"
import { AgentFailed } from "./agent-failed.ts"
import type { AgentOptions } from "./agents/adapter.ts"

export interface StartedAgent {
  readonly name: string
  readonly version: string | undefined
  readonly sessionId: string
  /** What can be chosen in this conversation, as it is at its start. */
  readonly offered: Offered
  /** Whether it hears a message while its turn runs. */
  readonly steers: boolean
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

export async function startAgent(
  context: ClientContext,
  { workingDir: cwd, mcpServers }: Pick<AgentOptions, "workingDir" | "mcpServers">,
  resumeAgentSession: string | null,
): Promise<StartedAgent> {
  const initialized = await context.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: "agentz", version: "1" },
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      session: { notices: {} },
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
  }
  const place = { cwd, mcpServers: mcpServersFor(mcpServers, agentCapabilities?.mcpCapabilities) }
  if (resumeAgentSession === null) return { ...info, ...(await begin(context, place)), lost: null }
  const again = await takeUp(context, { ...place, sessionId: resumeAgentSession }, agentCapabilities)
  if ("lost" in again) return { ...info, ...(await begin(context, place)), lost: again.lost }
  return { ...info, ...again, sessionId: resumeAgentSession, lost: null }
}

interface Place {
  readonly cwd: string
  readonly mcpServers: McpServer[]
}

async function begin(context: ClientContext, place: Place) {
  const opened = await context.request<NewSessionResponse>(methods.agent.session.new, place)
  return { sessionId: opened.sessionId, offered: offeredIn(opened) }
}

const offeredIn = ({ modes, configOptions }: ResumeSessionResponse): Offered => ({
  modes: modes ?? null,
  configOptions: configOptions ?? [],
})

/** What an agent tells while it loads is the past, which the stream has already: nobody listens then. */
async function takeUp(
  context: ClientContext,
  place: Place & { readonly sessionId: string },
  capabilities: AgentCapabilities | undefined,
): Promise<{ readonly offered: Offered } | { readonly lost: string }> {
  try {
    if (capabilities?.sessionCapabilities?.resume)
      return {
        offered: offeredIn(await context.request<ResumeSessionResponse>(methods.agent.session.resume, place)),
      }
    if (capabilities?.loadSession)
      return {
        offered: offeredIn(await context.request<LoadSessionResponse>(methods.agent.session.load, place)),
      }
    return { lost: "It cannot take up a conversation." }
  } catch (error) {
    if (!(error instanceof RequestError) || !isLoss(error)) throw error
    return { lost: error.message }
  }
}

const AUTH_REQUIRED = -32000

/** Whether the agent has no such conversation, rather than no key, or another process that holds it. */
const isLoss = ({ code, message }: RequestError): boolean =>
  code !== AUTH_REQUIRED && !/\bin use\b|authenti/i.test(message)
