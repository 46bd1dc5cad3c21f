/**
 * Opens the control plane of a home: finds or starts the stream server and, when asked to watch, keeps every
 * session's status true for as long as it is open.
 */

import { paths } from "#streams/paths"
import { createStream } from "#streams/stream"
import type { Config } from "./config.ts"
import { controlPlane } from "./control-plane.ts"
import { daemonsOf } from "./daemons.ts"
import { foldsOf } from "./folds.ts"
import { openHome } from "./home.ts"
import { errorFields, type Log } from "./log.ts"
import type { ControlPlane } from "./plane.ts"
import { streamServerOf } from "./stream-host.ts"
import { keptSecret } from "./token.ts"
import { watchSessions } from "./watch.ts"

export interface OpenPlane extends ControlPlane {
  /** The stream server in use. `pid` is known when it is ours. */
  readonly streams: () => { readonly url: string; readonly token: string | null; readonly pid: number | null }
}

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
    socketSecret: await keptSecret(home.socketSecretFile),
    log,
    patience,
    idleSeconds: config.idleSeconds,
    onLimit: config.onLimit,
    limits: config.limits,
    isolation: config.isolation ?? undefined,
    hideHome: config.hideHome,
    children: config.children,
    watching: watch,
  }
  const daemons = daemonsOf(context)
  const plane = controlPlane(context, daemons)

  const watching = watch
    ? watchSessions(context, { daemons, ready: () => server.ensure(), signal: closing.signal })
    : Promise.resolve()
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
