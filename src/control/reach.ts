/** How every request reaches a session: by its row, its fold, its inbox and, where needed, its daemon. */
import type { Command } from "#streams/command"
import type { SessionId } from "#streams/ids"
import { isDue } from "#streams/limit"
import { paths } from "#streams/paths"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon, type Session } from "#streams/session"
import { appendTo } from "#streams/stream"
import type { Daemons, EnsureOptions } from "../daemons.ts"
import { type Inbox, readInbox } from "../grant.ts"
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never

export interface Reach {
  /** The session's row. Throws `unknown_session`. */
  entryOf(sessionId: SessionId): Promise<RegistryEntry>
  /** Appends a command to the inbox. */
  ask(sessionId: SessionId, command: DistributiveOmit<Command, "at">): Promise<void>
  /** All that was ever asked. */
  inboxOf(sessionId: SessionId): Promise<Inbox>
  /** Starts what the request needs; what goes wrong is said in the session and in the log, not to the caller. */
  wake(entry: RegistryEntry, options: EnsureOptions): void
  /** The folded session, true as to whether its daemon lives: now, or as of the last look where we are watching. */
  present(
    sessionId: SessionId,
    options?: { readonly now?: boolean },
  ): Promise<{ readonly entry: RegistryEntry; readonly value: Session; readonly offset: string }>
}

export function reachOf(context: PlaneContext, daemons: Daemons): Reach {
  const { endpoint, folds, patience, log } = context

  async function entryOf(sessionId: SessionId): Promise<RegistryEntry> {
    const { value } = await folds.registry()
    const entry = value.get(sessionId)
    if (entry) return entry
    throw new Problem(
      "unknown_session",
      `There is no session ${sessionId} here: \`agentz ls\` shows those there are.`,
    )
  }

  return {
    entryOf,
    async ask(sessionId, command) {
      const dated = { at: new Date().toISOString(), ...command }
      await appendTo(endpoint, paths.inbox(sessionId), [dated], patience)
    },
    inboxOf: (sessionId) => readInbox(endpoint, sessionId, patience),
    wake(entry, options) {
      daemons
        .ensure(entry, options)
        .catch((error: unknown) =>
          log({ event: "start_failed", sessionId: entry.sessionId, ...errorFields(error) }),
        )
    },
    async present(sessionId, { now = !context.watching } = {}) {
      const entry = await entryOf(sessionId)
      const folded = await folds.session(sessionId)
      const stirs = needsDaemon(folded.value.status) || isDue(folded.value, Date.now())
      if (!now || !stirs) return { entry, ...folded }
      await daemons.reconcile(entry)
      return { entry, ...(await folds.session(sessionId)) }
    },
  }
}
