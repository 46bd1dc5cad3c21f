/** The agent of this session: how it is opened here, and what is set for it while it is open or before. */
import { errorText } from "#streams/error-text"
import type { PermissionMode } from "#streams/event"
import type { Publisher } from "#streams/publisher"
import type { Session } from "#streams/session"
import { type AgentHolder, agentHolder } from "./agent-holder.ts"
import type { AgentSession } from "./agent-session.ts"
import { adapterOf } from "./agents/index.ts"
import type { AttachedFiles } from "./attached-files.ts"
import type { DiskGrowth } from "./disk-growth.ts"
import type { OfferedNotes } from "./notes/offer.ts"
import type { Enclosure } from "./process/enclosure.ts"
import type { DaemonSpec } from "./spec.ts"

/** What is ended may end by itself for so long. */
export const KILL_GRACE_MS = 2_000

export interface SessionAgent extends AgentHolder {
  /** An agent that is open already is told. One that is opened later is told then. */
  setMode(mode: PermissionMode): void
  setOption(optionId: string, value: string): void
}

export interface SessionAgentOptions {
  readonly session: () => Session
  readonly publish: Publisher["publish"]
  readonly mode: () => PermissionMode
  readonly enclosure: Enclosure
  readonly toolEnv: Readonly<Record<string, string>>
  readonly disk: DiskGrowth
  readonly notes: OfferedNotes
  readonly attached: AttachedFiles
  /** Resolves while what it says can be kept. */
  readonly ready: () => Promise<void>
}

export function sessionAgent(spec: DaemonSpec, options: SessionAgentOptions): SessionAgent {
  const { sessionId, workingDir, model, home, agentType, agentEnv, mcpServers = [] } = spec
  const { session, publish, mode, enclosure, toolEnv, disk, notes, attached, ready } = options
  /** Of the agent's options, by id: as the session was launched, and as it was set since. */
  const chosen = new Map(Object.entries(spec.config ?? {}))

  async function open(signal: AbortSignal): Promise<AgentSession> {
    // Loaded only now: the daemon says that it lives before it reads the protocol's large schema.
    const { openAgentSession } = await import("#daemon/agent-session")
    await disk.ready()
    const place = {
      ...{ sessionId, workingDir, model, home, toolEnv, enclosure, mcpServers, ready },
      offLimits: [home],
      env: agentEnv,
      notes: notes.tools,
      ownServer: notes.server,
      transcript: () => attached.inTranscript(session().items),
    }
    return await openAgentSession(adapterOf(agentType, home), place, {
      ...{ publish, mode, chosen, signal },
      resumeAgentSession: session().agentSessionId,
      read: attached.read,
    })
  }
  const agent = agentHolder({ open, killTools: () => enclosure.endTurn(KILL_GRACE_MS) })

  /** What it refuses is shown. */
  function whileOpen(tell: (session: AgentSession) => Promise<void>): void {
    agent.held?.then(tell).catch((error: unknown) => {
      publish({ type: "notice", severity: "warning", category: "agent_option", title: errorText(error) })
    })
  }

  return {
    get held() {
      return agent.held
    },
    async get() {
      await attached.load(session().items)
      return await agent.get()
    },
    drop: agent.drop,
    endTools: agent.endTools,
    setMode: (mode) => whileOpen((session) => session.setMode(mode)),
    setOption(optionId, value) {
      chosen.set(optionId, value)
      whileOpen((session) => session.setOption(optionId, value))
    },
  }
}
