/** The one agent of a session: opened when a turn needs it, opened anew when it went, never two at once. */
import type { AgentSession } from "./agent-session.ts"

export interface AgentHolder {
  /** The agent, opened if there is none. */
  get(): Promise<AgentSession>
  /** The agent, if there is one or one is being opened. */
  readonly held: Promise<AgentSession> | null
  /** Ends the agent, also one that is still being opened. The next `get` waits until it is gone. */
  drop(): Promise<void>
  /** After a cancel: ends every process that the tools started. */
  endTools(): Promise<void>
}

interface Held {
  readonly session: Promise<AgentSession>
  readonly giveUp: AbortController
  /** `null` while it is being opened. */
  open: AgentSession | null
}

export function agentHolder({
  open,
  killTools,
}: {
  /** Aborting `signal` ends an opening. */
  readonly open: (signal: AbortSignal) => Promise<AgentSession>
  /** Ends all that carries the session's mark. */
  readonly killTools: () => Promise<void>
}): AgentHolder {
  let held: Held | null = null
  /** Agents on their way out: two at once would write one conversation. */
  let leaving: Promise<unknown> = Promise.resolve()

  function hold(): Held {
    const giveUp = new AbortController()
    const taken: Held = { giveUp, open: null, session: leaving.then(() => open(giveUp.signal)) }
    const forget = () => {
      if (held === taken) held = null
    }
    // One that failed to open, or went of its own, is opened anew for the next turn.
    taken.session.then((session) => {
      taken.open = session
      session.ended.then(forget, forget)
    }, forget)
    return taken
  }

  return {
    get held() {
      return held?.session ?? null
    },
    get() {
      held ??= hold()
      return held.session
    },
    async drop() {
      const dropped = held
      held = null
      dropped?.giveUp.abort()
      const gone = dropped?.session.then(
        (session) => session[Symbol.asyncDispose](),
        // One that could not be opened has ended already, and its turn has said why.
        () => undefined,
      )
      leaving = Promise.all([leaving, gone])
      await leaving
    },
    async endTools() {
      if (!held) return await killTools()
      // While it is being opened no tool of it runs, and a sweep would hit the agent itself.
      if (!held.open) return
      // An agent that is a process ends its tools itself; what it leaves behind is swept when its turn is over.
      await (held.open.sweep ?? killTools)()
    },
  }
}
