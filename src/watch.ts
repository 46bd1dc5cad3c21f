/** Keeps every session's status true for as long as it runs. */
import { isDue } from "#streams/limit"
import { paths } from "#streams/paths"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { tailOf } from "#streams/stream"
import { wait } from "#streams/transport"
import { isPushDue } from "#streams/workspace-fold"
import type { Daemons } from "./daemons.ts"
import { abandoned } from "./liveness.ts"
import { errorFields } from "./log.ts"
import type { PlaneContext } from "./plane-context.ts"

const heldBy = ({ status, activity }: RegistryEntry) => ({ status, limit: activity?.limit ?? null })

/** It goes on by itself at a time that has come. */
const isAboutToAct = (entry: RegistryEntry): boolean =>
  isDue(heldBy(entry), Date.now()) || isPushDue(entry, Date.now())

/** How often living daemons are asked; each is asked on a local socket. */
const LOOK_MS = 2_000
/** Every session at rest is looked at once in so many looks: within 20 seconds. */
const LOOKS_PER_ROUND = 8
const AT_ONCE = 16

/** Resolves when `signal` has aborted. A look never waits for what an earlier one began: one slow start delays nobody. */
export async function watchSessions(
  { endpoint, folds, home, log, patience }: PlaneContext,
  {
    daemons,
    ready,
    signal,
  }: { readonly daemons: Daemons; readonly ready: () => Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  let round: RegistryEntry[] = []
  let share: number | null = null

  async function look(): Promise<void> {
    await ready()
    const { value } = await folds.registry()
    // A row may be older than the stream by the moment in which its daemon died; the run file tells.
    const left = new Set(abandoned(home.path))
    for (const entry of value.values())
      if (needsDaemon(entry.status) || left.has(entry.sessionId) || isAboutToAct(entry))
        void daemons.reconcile(entry)
    if (round.length === 0) {
      round = [...value.values()].filter(({ status }) => !needsDaemon(status))
      // The first round is one look: whoever starts us wants to know at once.
      share = share === null ? round.length : Math.ceil(round.length / LOOKS_PER_ROUND)
    }
    const queue = round.splice(0, share ?? 0)
    await Promise.all(Array.from({ length: AT_ONCE }, () => lookAtResting(queue)))
  }

  /** Those at rest may have been asked for something by a control plane that died before it could start a daemon. */
  async function lookAtResting(queue: RegistryEntry[]): Promise<void> {
    for (let entry = queue.shift(); entry !== undefined && !signal.aborted; entry = queue.shift()) {
      const tail = await tailOf(endpoint, paths.inbox(entry.sessionId), patience)
      if (tail !== entry.activity?.inboxOffset) void daemons.reconcile(entry)
    }
  }

  while (!signal.aborted) {
    await look().catch((error: unknown) => log({ event: "watch_failed", ...errorFields(error) }))
    await wait(LOOK_MS, signal).catch(() => undefined)
  }
}
