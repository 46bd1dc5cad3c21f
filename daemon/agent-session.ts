/** One conversation with one agent over ACP: opened once, prompted turn by turn, the same for every agent. */
import {
  type ClientContext,
  client,
  methods,
  PROTOCOL_VERSION,
  type PromptResponse,
  RequestError,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type ResumeSessionResponse,
  type SessionUpdate,
  type StopReason,
} from "@agentclientprotocol/sdk"
import { Failure, type PermissionMode, type Unstamped } from "#streams/event"
import type { QueuedMessage } from "#streams/session"
import { agentChoices } from "./acp/agent-choices.ts"
import type { Offered } from "./acp/choices.ts"
import { mcpServersFor } from "./acp/mcp-servers.ts"
import { canSteer, steer } from "./acp/steering.ts"
import { AgentFailed } from "./agent-failed.ts"
import { type AgentOptions, META, type OpenAdapter } from "./agents/adapter.ts"

/** What a running turn wants to hear from its agent. */
interface TurnListener {
  update(update: SessionUpdate): Promise<void> | void
  permission(request: RequestPermissionRequest): Promise<RequestPermissionResponse>
}

/** `taken`: the running turn has it. `too late`: it has not, and goes on without. `unable`: this agent hears nothing. */
export type SteerOutcome = "taken" | "too late" | "unable"

export interface AgentSession extends AsyncDisposable {
  /** Resolves with why the turn stopped. Aborting `signal` cancels the turn, not the agent. Throws {@link AgentFailed}. */
  prompt(turn: {
    readonly text: string
    readonly resume: boolean
    readonly signal: AbortSignal
    readonly listener: TurnListener
  }): Promise<{ readonly stopReason: StopReason; readonly response: PromptResponse }>
  /** Puts a message into the running turn. Never rejects; aborting `signal` takes it back if nobody heard it yet. */
  steer(message: QueuedMessage, signal: AbortSignal): Promise<SteerOutcome>
  /** Puts the agent into its own mode for one of ours. Throws {@link AgentFailed}. */
  setMode(mode: PermissionMode): Promise<void>
  /** Throws {@link AgentFailed} with what there is to choose. */
  setOption(optionId: string, value: string): Promise<void>
}

export interface AgentSessionOptions {
  readonly resumeAgentSession: string | null
  readonly publish: (event: Unstamped) => void
  readonly mode: () => PermissionMode
  readonly model: string | undefined
  /** Of the agent's options, by id. */
  readonly chosen: ReadonlyMap<string, string>
}

export async function openAgentSession(
  open: OpenAdapter,
  options: AgentOptions,
  { resumeAgentSession, publish, mode, model, chosen }: AgentSessionOptions,
): Promise<AgentSession> {
  let listener: TurnListener | null = null
  const choices = agentChoices(publish)
  const app = client({ name: "agentz" })
    .onNotification(methods.client.session.update, ({ params }) =>
      choices.take(params.update) ? undefined : listener?.update(params.update),
    )
    .onRequest(methods.client.session.requestPermission, ({ params }) =>
      listener ? listener.permission(params) : { outcome: { outcome: "cancelled" as const } },
    )
  const agent = await open(app, options)
  const context = agent.connection.agent
  try {
    const started = await start(context, options, resumeAgentSession)
    publish({
      type: "agent_started",
      name: started.name,
      agentSessionId: started.sessionId,
      ...(agent.pid !== undefined && { pid: agent.pid }),
      ...(started.version !== undefined && { version: started.version }),
    })
    const { sessionId } = started
    await choices.open(context, { sessionId, offered: started.offered, mode: mode(), model, chosen })
    return {
      setMode: choices.setMode,
      setOption: choices.setOption,
      steer: (message, signal) =>
        started.steers ? steer(context, sessionId, message, signal) : Promise.resolve("unable"),
      async prompt({ text, resume, signal, listener: turn }) {
        listener = turn
        const cancel = () =>
          void context.notify(methods.agent.session.cancel, { sessionId: started.sessionId })
        signal.addEventListener("abort", cancel, { once: true })
        try {
          const prompted = context.request(methods.agent.session.prompt, {
            sessionId: started.sessionId,
            prompt: [{ type: "text", text }],
            ...(resume && { _meta: { [META.resume]: true } }),
          })
          if (signal.aborted) cancel()
          const response = await prompted
          return { stopReason: response.stopReason, response }
        } catch (error) {
          throw new AgentFailed(failureOf(error), { cause: error })
        } finally {
          signal.removeEventListener("abort", cancel)
          listener = null
        }
      },
      [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
    }
  } catch (error) {
    await agent[Symbol.asyncDispose]()
    throw error instanceof AgentFailed ? error : new AgentFailed(failureOf(error), { cause: error })
  }
}

/**
 * Makes the adapters of Claude and Codex tell retries and errors as such rather than as the agent's words. Whoever
 * declares it is sent no live output of commands, unless it asks for that as well.
 */
const CLIENT_META = {
  terminal_output_delta: true,
  jetbrains: { air: { version: 1, capabilities: ["sessionFailure"] } },
}

async function start(
  context: ClientContext,
  { workingDir: cwd, mcpServers }: AgentOptions,
  resumeAgentSession: string | null,
) {
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
  const servers = mcpServersFor(mcpServers, agentCapabilities?.mcpCapabilities)
  if (resumeAgentSession !== null && agentCapabilities?.sessionCapabilities?.resume) {
    const sessionId = resumeAgentSession
    const resumed = await context.request(methods.agent.session.resume, {
      sessionId,
      cwd,
      mcpServers: servers,
    })
    return { ...info, sessionId, offered: offeredIn(resumed) }
  }
  const opened = await context.request(methods.agent.session.new, { cwd, mcpServers: servers })
  return { ...info, sessionId: opened.sessionId, offered: offeredIn(opened) }
}

const offeredIn = ({ modes, configOptions }: ResumeSessionResponse): Offered => ({
  modes: modes ?? null,
  configOptions: configOptions ?? [],
})

/** Our own agents put a whole failure into the error's data; a foreign one has a message at best. */
function failureOf(error: unknown): Failure {
  const own = Failure.safeParse(error instanceof RequestError ? error.data : undefined)
  if (own.success) return own.data
  return { code: "agent_error", message: error instanceof Error ? error.message : String(error) }
}
