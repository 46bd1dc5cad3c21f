/** One conversation with one agent over ACP: opened once, prompted turn by turn, the same for every agent. */
import {
  client,
  methods,
  type PromptResponse,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
  type StopReason,
} from "@agentclientprotocol/sdk"
import type { Attachment, PermissionMode, Unstamped } from "#streams/event"
import type { QueuedMessage } from "#streams/session"
import { agentChoices } from "./acp/agent-choices.ts"
import { promptParts } from "./acp/prompt-parts.ts"
import { steer } from "./acp/steering.ts"
import { AgentFailed } from "./agent-failed.ts"
import { diedBefore, failed, orDied } from "./agent-failure.ts"
import { type StartedAgent, startAgent } from "./agent-start.ts"
import {
  type AgentOptions,
  type AgentProcess,
  META,
  type OpenAdapter,
  type OpenAgent,
} from "./agents/adapter.ts"
import { retell } from "./agents/retell.ts"

/** What a running turn wants to hear from its agent. */
interface TurnListener {
  update(update: SessionUpdate): void
  permission(request: RequestPermissionRequest): Promise<RequestPermissionResponse>
}

/** `taken`: the running turn has it. `too late`: it has not, and goes on without. `unable`: this agent hears nothing. */
export type SteerOutcome = "taken" | "too late" | "unable"

export interface AgentSession extends AsyncDisposable {
  /** Resolves when the agent is gone, however it went. An agent inside the daemon goes only when it is disposed. */
  readonly ended: Promise<void>
  /** Resolves with why the turn stopped. Aborting `signal` cancels the turn, not the agent. Throws {@link AgentFailed}. */
  prompt(turn: {
    readonly text: string
    /** What goes before it: the agent's own last note, in words. */
    readonly note: string | null
    readonly attachments?: readonly Attachment[] | undefined
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
  /** Once a cancelled turn is over: ends what its tools left behind. `null` where the tools are the daemon's own. */
  readonly sweep: (() => Promise<void>) | null
}

/** After this long without a word a person is told that nothing came yet; it is no failure. */
const SILENCE_MS = 30_000

/** From the start of an agent to its conversation. The slowest takes ten seconds on a busy machine. */
const START_LIMIT_MS = 90_000

type Publish = (event: Unstamped) => void

export interface AgentSessionOptions {
  readonly resumeAgentSession: string | null
  readonly publish: Publish
  readonly mode: () => PermissionMode
  /** Of the agent's options, by id. */
  readonly chosen: ReadonlyMap<string, string>
  /** The content of an attachment. */
  readonly read: (blob: string) => Promise<Uint8Array>
  /** Ends the opening. */
  readonly signal: AbortSignal
}

export async function openAgentSession(
  open: OpenAdapter,
  options: AgentOptions,
  { resumeAgentSession, publish, mode, chosen, read, signal: giveUp }: AgentSessionOptions,
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
  const { agent, started } = await openTwice(async () => {
    const agent = await open(app, options)
    const limit = AbortSignal.any([giveUp, AbortSignal.timeout(START_LIMIT_MS)])
    try {
      const { workingDir: cwd, mcpServers, ownServer } = options
      const starting = startAgent(agent.connection.agent, {
        ...{ cwd, mcpServers, resumeAgentSession },
        ...(agent.process && ownServer && { ownServer }),
      })
      return { agent, started: await beforeAbort(limit, orDied(agent.process, starting)) }
    } catch (error) {
      await agent[Symbol.asyncDispose]()
      throw failed(error, agent.process)
    }
  })
  const { process } = agent
  const context = agent.connection.agent
  const { sessionId } = started
  tellStarted(publish, started, process)
  const ended: Promise<void> = process
    ? process.exited.then(({ code, signal, expected }) => {
        publish({ type: "agent_exited", code, signal, expected })
      })
    : agent.connection.closed
  /** What the agent has forgotten, told with the next prompt. */
  let forgotten = hasForgotten(started, resumeAgentSession, process) ? retell(options.transcript()) : ""
  let turn: Promise<unknown> = Promise.resolve()
  let sweepTurn: () => Promise<void> = async () => undefined

  const ask = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await orDied(process, answer)
    } catch (error) {
      // Whoever hears that it died may open another one at once.
      if (diedBefore(error)) await ended
      throw failed(error, process)
    }
  }

  /** A model that is refused is no reason to refuse the work: the agent goes on with its own, and it is said. */
  async function chooseModel({ option, value }: NonNullable<OpenAgent["model"]>) {
    await ask(choices.setOption(option, value)).catch((error: unknown) => {
      if (!(error instanceof AgentFailed) || error.failure.code === "agent_exited") throw error
      publish({
        type: "notice",
        severity: "warning",
        category: "model",
        title: `The agent refused the model "${value}" and uses its own: ${error.message}`,
      })
    })
  }

  async function prompt(asked: Parameters<AgentSession["prompt"]>[0]) {
    const { note, resume, signal, listener: own } = asked
    const parts = await promptParts(asked, { can: started.can, read })
    const silence = setTimeout(() => publish(noAnswerYet), SILENCE_MS)
    listener = {
      update: (update) => {
        clearTimeout(silence)
        return own.update(update)
      },
      permission: (request) => {
        clearTimeout(silence)
        return own.permission(request)
      },
    }
    const cancel = () => void context.notify(methods.agent.session.cancel, { sessionId })
    signal.addEventListener("abort", cancel, { once: true })
    try {
      const told = forgotten
      forgotten = ""
      const prompted = ask(
        context.request<PromptResponse>(methods.agent.session.prompt, {
          sessionId,
          prompt: [
            ...(told === "" ? [] : [textBlock(told)]),
            ...(note === null ? [] : [{ ...textBlock(note), _meta: { [META.note]: true } }]),
            ...parts,
          ],
          ...(resume && { _meta: { [META.resume]: true } }),
        }),
      )
      if (signal.aborted) cancel()
      const response = await prompted
      return { stopReason: response.stopReason, response }
    } finally {
      clearTimeout(silence)
      signal.removeEventListener("abort", cancel)
      listener = null
    }
  }

  const lenient = resumeAgentSession !== null
  const told = agent.model ? undefined : options.model
  try {
    await ask(
      choices.open(context, {
        sessionId,
        offered: started.offered,
        mode: mode(),
        model: told,
        chosen,
        lenient,
      }),
    )
    if (agent.model) await chooseModel(agent.model)
  } catch (error) {
    await agent[Symbol.asyncDispose]()
    await ended
    throw error
  }

  return {
    ended,
    steer: (message, signal) =>
      started.steers
        ? steer(context, { sessionId, message, signal, parts: { can: started.can, read } })
        : Promise.resolve("unable"),
    setMode: (next) => ask(choices.setMode(next)),
    setOption: (optionId, value) => ask(choices.setOption(optionId, value)),
    prompt: (asked) => {
      if (process) sweepTurn = process.beginTurn()
      const prompted = prompt(asked)
      turn = prompted.catch(() => undefined)
      return prompted
    },
    sweep: process
      ? async () => {
          await turn
          await sweepTurn()
        }
      : null,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]()
      await ended
    },
  }
}

/**
 * Whether what the transcript has is new to the agent. A fork has a past that its agent never knew; an agent inside the
 * daemon reads the transcript itself.
 */
const hasForgotten = ({ lost }: StartedAgent, resumes: string | null, process: AgentProcess | undefined) =>
  lost !== null || (resumes === null && process !== undefined)

/** Under load a start may fail for no lasting reason: one that ends before it said anything is tried once more. */
async function openTwice<Opened>(open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open()
  } catch (error) {
    if (!diedBefore(error)) throw error
    return await open()
  }
}

function tellStarted(publish: Publish, started: StartedAgent, process: AgentProcess | undefined): void {
  const version = process?.version ?? started.version
  publish({
    type: "agent_started",
    name: started.name,
    agentSessionId: started.sessionId,
    ...(process && { pid: process.identity.pid, startTime: process.identity.startTime }),
    ...(version != null && { version }),
  })
  if (started.lost !== null)
    publish({
      type: "notice",
      severity: "warning",
      category: "context",
      title:
        "The agent has lost its memory of this conversation and starts anew; it is told what the transcript " +
        `knows. (${started.lost})`,
    })
}

const noAnswerYet: Unstamped = {
  type: "notice",
  severity: "info",
  category: "waiting",
  title: `No answer yet, after ${SILENCE_MS / 1000} seconds. The agent is still at work or waits for its model.`,
}

const textBlock = (text: string) => ({ type: "text" as const, text })

function beforeAbort<Answer>(signal: AbortSignal, answer: Promise<Answer>): Promise<Answer> {
  const late = new AgentFailed({
    code: "agent_silent",
    message: `The agent did not begin the conversation within ${START_LIMIT_MS / 1000} seconds.`,
    hint: "Send the message again; `agentz doctor` shows whether the agent works, its log is agent.log in the session's folder.",
  })
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(late)
    else signal.addEventListener("abort", () => reject(late), { once: true })
  })
  return Promise.race([answer, aborted])
}
