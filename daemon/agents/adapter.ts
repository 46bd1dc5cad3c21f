/**
 * How the daemon reaches one kind of coding agent. The contract between the two is the Agent Client Protocol (v1):
 * whatever an adapter opens, from here on it is an ACP connection. An agent may run inside the daemon or be a
 * process of its own; the daemon cannot tell and need not.
 */
import type { AgentApp, AnyMessage, ClientApp, ClientConnection } from "@agentclientprotocol/sdk"
import type { Item } from "#streams/session"
import type { McpServer } from "../mcp-server.ts"
import type { NoteTools } from "../notes/notes.ts"
import type { OwnServer } from "../notes/server.ts"
import type { Enclosure } from "../process/enclosure.ts"
import type { Identity } from "../process/identity.ts"
import { heldBack } from "./held-back.ts"

export interface AgentOptions {
  readonly sessionId: string
  /** Absolute path of an existing directory. */
  readonly workingDir: string
  readonly model: string | undefined
  /** Directories that no tool may look into, wherever the agent works: agentz's own home. */
  readonly offLimits?: readonly string[]
  /** What this agent may know of the user's environment: its keys and addresses, nothing else. */
  readonly env: Readonly<Record<string, string>>
  /** The environment for every process that a tool starts: no keys in it. */
  readonly toolEnv: Readonly<Record<string, string>>
  /** Servers of tools that the user gave to this session. */
  readonly mcpServers?: readonly McpServer[]
  /** Its own notes; for an agent that is a process, by {@link ownServer}. Left out: there are none. */
  readonly notes?: NoteTools | undefined
  readonly ownServer?: (() => Promise<OwnServer>) | undefined
  /** `AGENTZ_HOME`. */
  readonly home: string
  /** Everything that is started for the session is started here: an agent's own process as well as its tools' commands. */
  readonly enclosure: Enclosure
  /**
   * The transcript up to now, as it was replayed from the stream: an agent without a memory of its own
   * remembers the conversation from here. Called at every prompt, so it includes the turn before.
   */
  readonly transcript: () => readonly Item[]
  /** Resolves while what it says can be taken; until then it is held back. Left out: always. */
  readonly ready?: () => Promise<void>
}

/** An agent may say as much as it likes. */
const always = () => Promise.resolve()

export interface OpenAgent extends AsyncDisposable {
  readonly connection: ClientConnection
  /** Absent where the agent runs inside the daemon. */
  readonly process?: AgentProcess
  /** The model to ask for once the conversation is open, where the agent is not told in another way. */
  readonly model?: { readonly option: string; readonly value: string }
}

/** An agent that is a process of its own. */
export interface AgentProcess {
  readonly identity: Identity
  /** Of the program the user installed, where the protocol tells only that of an adapter. */
  readonly version: string | null
  /** What to do about a refused or missing key, in one sentence. */
  readonly signIn: string
  /** Resolves when it has ended and its whole tree is gone. Never rejects. */
  readonly exited: Promise<AgentExit>
  /** The function it gives ends all that was started since: the commands of a turn, and not what serves the agent. */
  beginTurn(): () => Promise<void>
}

export interface AgentExit {
  readonly code: number | null
  readonly signal: string | null
  /** Whether we ended it. */
  readonly expected: boolean
  /** The last lines it wrote to its log, without secrets. */
  readonly lastWords: string
}

/** Opens the connection; `client` has the handlers for what the agent asks and tells. Disposing ends the agent. */
export type OpenAdapter = (client: ClientApp, options: AgentOptions) => Promise<OpenAgent>

/** An agent that is a piece of this program: connected without a pipe, ended by closing the connection. */
export const inProcess =
  (make: (options: AgentOptions) => AgentApp): OpenAdapter =>
  async (client, options) => {
    const said = heldBack<AnyMessage>(options.ready ?? always)
    const heard = new TransformStream<AnyMessage, AnyMessage>()
    const other = make(options).connect({ readable: heard.readable, writable: said.writable })
    const connection = client.connect({ readable: said.readable, writable: heard.writable })
    return {
      connection,
      [Symbol.asyncDispose]: async () => {
        connection.close()
        other.close()
        await connection.closed
      },
    }
  }

/**
 * What ACP has no word for, in `_meta`.
 * `resume` on a prompt: the turn before was interrupted; take up its plan where it stopped, without a new user
 * message. `note` on a part of a prompt: the agent's own last note, and nothing that the user wrote. `reset` on an `agent_message_chunk`: what was streamed of this message is void. `outputDelta` on a
 * `tool_call_update`: live output of the tool. `usage` on a prompt's response, and on a
 * `usage_update` before it: tokens of this turn. `notice` on a
 * `notice`: its category and, where something is tried again, `retry: { attempt, max }`.
 */
export const META = {
  resume: "agentz/resume",
  note: "agentz/note",
  reset: "agentz/reset",
  outputDelta: "agentz/output_delta",
  usage: "agentz/usage",
  notice: "agentz/notice",
} as const

export interface TurnUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedReadTokens?: number
}
