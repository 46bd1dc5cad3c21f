/**
 * Opens the control plane of a home: finds or starts the stream server and, when asked to watch, keeps every
 * session's status true for as long as it is open.
 */
import { changingOneByOne } from "#streams/changes"
import { paths } from "#streams/paths"
import { createStream } from "#streams/stream"
import { changingTogether } from "./changing-together.ts"
import type { Config } from "./config.ts"
import { controlPlane } from "./control-plane.ts"
import { type Daemons, daemonsOf } from "./daemons.ts"
import { keepSnapshots } from "./folds/keep-snapshots.ts"
import { snapshotsIn } from "./folds/snapshots.ts"
import { foldsOf } from "./folds.ts"
import { openHome } from "./home.ts"
import { localSend } from "./local-send.ts"
import { errorFields, type Log } from "./log.ts"
import type { ControlPlane } from "./plane.ts"
import type { PlaneContext } from "./plane-context.ts"
import { streamServerOf } from "./stream-host.ts"
import { keptSecret } from "./token.ts"
import { watchSessions } from "./watch.ts"
import { wakerOf } from "./workflows/waking.ts"
import { isAbandoned } from "./workflows/worker/ensure.ts"
import { workflowPlane } from "./workflows/workflow-plane.ts"
import { recoveryOf } from "./workspaces/recover.ts"

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
  /** How long a request may wait for the stream server; default 10 s. */
  readonly patienceMs?: number
}

export async function openPlane(config: Config, options: PlaneOptions = {}): Promise<OpenPlane> {
  return (await openParts(config, options)).plane
}

/** The plane and what it is made of: a worker does with it what nobody else may ask for. */
export interface Parts {
  readonly plane: OpenPlane
  readonly context: PlaneContext
  readonly daemons: Daemons
}

export async function openParts(
  config: Config,
  { watch = false, log = () => undefined, patienceMs = PATIENCE_MS }: PlaneOptions,
): Promise<Parts> {
  const home = await openHome(config.home)
  const waker = wakerOf({ home, log })
  // One that was killed held runs: its successor can make ready while we do.
  if (watch && isAbandoned(home.path)) waker.wake()
  const server = await streamServerOf(config, home, log)
  await server.ensure()
  const closing = new AbortController()
  // A request that fails is tried again, and meanwhile a dead stream server of ours is started again.
  const patience = {
    forMs: patienceMs,
    // Another server may be anywhere, and want more of its clients.
    send: config.streamsUrl === null ? localSend() : undefined,
    onRetry: () =>
      void server.ensure().catch((error) => log({ event: "streams_away", ...errorFields(error) })),
  }
  const rows = [paths.registry, paths.rules, paths.runs, paths.workflows]
  await Promise.all(rows.map((name) => createStream(server.endpoint, name, patience)))
  const folds = foldsOf(server.endpoint, patience, snapshotsIn(home.path))
  const context = {
    endpoint: server.endpoint,
    known: server.known,
    folds,
    // Another server knows only the protocol.
    change:
      config.streamsUrl === null
        ? changingTogether(server.endpoint, patience)
        : changingOneByOne(server.endpoint, patience),
    home,
    socketSecret: await keptSecret(home.socketSecretFile),
    log,
    patience,
    idleSeconds: config.idleSeconds,
    onLimit: config.onLimit,
    limits: config.limits,
    isolation: config.isolation ?? undefined,
    hideHome: config.hideHome,
    notes: config.notes,
    children: config.children,
    push: config.push,
    watching: watch,
  }
  const recovery = recoveryOf(context)
  const daemons = daemonsOf(context, recovery)
  const workflows = workflowPlane(context, waker.wake)
  const ready = () => server.ensure()

  const watching = watch
    ? Promise.all([
        watchSessions(context, { daemons, ready, signal: closing.signal }),
        workflows.watch(closing.signal),
        recovery
          .watch(daemons.alone, closing.signal)
          .catch((error: unknown) => log({ event: "recover_failed", ...errorFields(error) })),
        keepSnapshots(context, closing.signal),
      ])
    : Promise.resolve()
  const plane = {
    ...controlPlane(context, { daemons, recovery }),
    workflows: workflows.plane,
    streams: () => ({ ...server.endpoint(), pid: server.pid() }),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await watching
      await waker.settled()
      await daemons.settled()
    },
  }
  return { plane, context, daemons }
}
