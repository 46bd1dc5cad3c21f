/** The beginning of a conversation with an agent: what we can do, who it is, and the conversation itself, new or resumed. */
import {
  type AgentCapabilities,
  type ClientContext,
  type LoadSessionResponse,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type ResumeSessionResponse,
  type SessionConfigOption,
  type SessionModeState,
} from "@agentclientprotocol/sdk"
import { AgentFailed } from "./agent-failed.ts"

export interface StartedAgent {
  readonly name: string
  readonly version: string | undefined
  readonly sessionId: string
  readonly configOptions: readonly SessionConfigOption[]
  readonly modes: SessionModeState | null
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
  { cwd, resumeAgentSession }: { readonly cwd: string; readonly resumeAgentSession: string | null },
): Promise<StartedAgent> {
  const { agentInfo, agentCapabilities, protocolVersion } = await context.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: "agentz", version: "1" },
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      session: { notices: {} },
      _meta: CLIENT_META,
    },
  })
  if (protocolVersion !== PROTOCOL_VERSION)
    throw new AgentFailed({
      code: "agent_protocol",
      message: `The agent speaks version ${protocolVersion} of the Agent Client Protocol; agentz speaks ${PROTOCOL_VERSION}.`,
      hint: "Install a version of the agent that speaks it.",
    })
  const info = { name: agentInfo?.title ?? agentInfo?.name ?? "agent", version: agentInfo?.version }

  if (resumeAgentSession === null) return { ...info, ...(await begin(context, cwd)), lost: null }
  const again = await takeUp(context, cwd, resumeAgentSession, agentCapabilities)
  if ("lost" in again) return { ...info, ...(await begin(context, cwd)), lost: again.lost }
  return { ...info, ...again, sessionId: resumeAgentSession, lost: null }
}

async function begin(context: ClientContext, cwd: string) {
  const { sessionId, configOptions, modes } = await context.request(methods.agent.session.new, {
    cwd,
    mcpServers: [],
  })
  return { sessionId, configOptions: configOptions ?? [], modes: modes ?? null }
}

/** What an agent tells while it loads is the past, which the stream has already: nobody listens then. */
async function takeUp(
  context: ClientContext,
  cwd: string,
  sessionId: string,
  capabilities: AgentCapabilities | undefined,
) {
  const params = { sessionId, cwd, mcpServers: [] }
  try {
    if (capabilities?.sessionCapabilities?.resume) {
      const { configOptions, modes } = await context.request<ResumeSessionResponse>(
        methods.agent.session.resume,
        params,
      )
      return { configOptions: configOptions ?? [], modes: modes ?? null }
    }
    if (capabilities?.loadSession) {
      const { configOptions, modes } = await context.request<LoadSessionResponse>(
        methods.agent.session.load,
        params,
      )
      return { configOptions: configOptions ?? [], modes: modes ?? null }
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
