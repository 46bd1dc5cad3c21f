/**
 * Opens the control plane of a home: finds or starts the stream server and, when asked to watch, keeps every
 * session's status true for as long as it is open.
 */

import { isDue } from "#streams/limit"
import { paths } from "#streams/paths"
import { needsDaemon } from "#streams/session"
import { createStream, tailOf } from "#streams/stream"
import { wait } from "#streams/transport"
import type { Config } from "./config.ts"
import { controlPlane } from "./control-plane.ts"
import { daemonsOf } from "./daemons.ts"
import { foldsOf } from "./folds.ts"
import { openHome } from "./home.ts"
import { abandoned } from "./liveness.ts"
import { errorFields, type Log } from "./log.ts"
import type { ControlPlane } from "./plane.ts"
import { streamServerOf } from "./stream-host.ts"

export interface OpenPlane extends ControlPlane {
  /** The stream server in use. `pid` is known when it is ours. */
  readonly streams: () => { readonly url: string; readonly token: string | null; readonly pid: number | null }
}

/** How often living daemons are asked; each is asked on a local socket. */
const WATCH_MS = 2_000
/** How long a request may wait for the stream server before its caller is told. */
const PATIENCE_MS = 10_000

export interface PlaneOptions {
  /** Keep every session's status true, and the stream server alive, until the plane is disposed. */
  readonly watch?: boolean
  readonly log?: Log
}

export async function openPlane(
  config: Config,
  { watch = false, log = () => undefined }: PlaneOptions = {},
): Promise<OpenPlane> {
  const home = await openHome(config.home)
  const server = await streamServerOf(config, home, log)
  await server.ensure()
  const closing = new AbortController()
  // A request that fails is tried again, and meanwhile a dead stream server of ours is started again.
  const patience = {
    forMs: PATIENCE_MS,
    onRetry: () =>
      void server.ensure().catch((error) => log({ event: "streams_away", ...errorFields(error) })),
  }
  await createStream(server.endpoint, paths.registry, patience)
  await createStream(server.endpoint, paths.rules, patience)
  const folds = foldsOf(server.endpoint, patience)
  const context = {
    endpoint: server.endpoint,
    known: server.known,
    folds,
    home,
    log,
    patience,
    idleSeconds: config.idleSeconds,
    onLimit: config.onLimit,
    isolation: config.isolation ?? undefined,
    hideHome: config.hideHome,
    watching: watch,
  }
  const daemons = daemonsOf(context)
  const plane = controlPlane(context, daemons)

  async function look(everybody: boolean): Promise<void> {
    await server.ensure()
    const { value } = await folds.registry()
    // A row may be older than the stream by the moment in which its daemon died; the run file tells.
    const left = new Set(abandoned(home))
    const due = [...value.values()].filter(
      ({ status, sessionId, activity }) =>
        needsDaemon(status) ||
        left.has(sessionId) ||
        isDue({ status, limit: activity?.limit ?? null }, Date.now()),
    )
    await Promise.all(due.map(daemons.reconcile))
    if (!everybody) return
    // Sessions at rest may have been asked for something by a control plane that died before it could start a daemon.
    for (const entry of value.values()) {
      if (needsDaemon(entry.status) || closing.signal.aborted) continue
      const tail = await tailOf(server.endpoint, paths.inbox(entry.sessionId), patience)
      if (tail !== entry.activity?.inboxOffset) await daemons.reconcile(entry)
    }
  }

  async function keepLooking(): Promise<void> {
    for (let first = true; !closing.signal.aborted; first = false) {
      await look(first).catch((error: unknown) => log({ event: "watch_failed", ...errorFields(error) }))
      await wait(WATCH_MS, closing.signal).catch(() => undefined)
    }
  }

  const watching = watch ? keepLooking() : Promise.resolve()
  return {
    ...plane,
    streams: () => ({ ...server.endpoint(), pid: server.pid() }),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await watching
      await daemons.settled()
    },
  }
}
