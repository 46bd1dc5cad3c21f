/**
 * A worker's process: takes up the runs of its home, takes them forward, and leaves when there is nothing to do. It
 * may be killed at any moment: what it knew is in the logs, and what it started are daemons, which go on.
 *
 * Exit codes: 0 nothing left to do or asked to end, 1 crash, 75 another worker answers.
 */
import { rmSync } from "node:fs"
import { holdControlSocket } from "#daemon/control-socket"
import { isSocketFile, socketOf } from "#daemon/home"
import { keepCapped } from "#daemon/log-cap"
import { isSame } from "#daemon/process/identity"
import { removeRunFile, writeRunFile } from "#daemon/run-file"
import { paths } from "#streams/paths"
import { emptyRegistry, foldRegistry } from "#streams/registry"
import { wait } from "#streams/transport"
import { parseConfig } from "../../config.ts"
import { reachOf } from "../../control/reach.ts"
import { type Home, openHome } from "../../home.ts"
import { errorFields, jsonLog } from "../../log.ts"
import { openParts } from "../../open-plane.ts"
import { keptSecret } from "../../token.ts"
import { runFoldsOf } from "../folds.ts"
import { ownerOfSelf } from "../run-log.ts"
import { attending } from "./attending.ts"
import { answers, BUSY, PLACES, workerFileOf, workerLogOf, workersOf } from "./ensure.ts"
import { followRows } from "./rows.ts"
import { openWorker } from "./worker.ts"

const log = jsonLog(process.stderr)
const LOOK_MS = 250

/** The first place that nobody holds; `null` where one is held by a worker that answers. */
async function holdPlace(home: Home): Promise<(AsyncDisposable & { readonly place: number }) | null> {
  const secret = await keptSecret(home.socketSecretFile)
  const { host: _, ...identity } = ownerOfSelf()
  for (let place = 0; place < PLACES; place++) {
    const socket = socketOf(home.path, "worker", place, secret)
    const holder = workersOf(home.path).find((run) => run.place === place && isSame(run))
    if (holder === undefined && isSocketFile(socket)) rmSync(socket, { force: true })
    try {
      const held = await holdControlSocket(socket, () => ({
        sessionId: "worker",
        epoch: place,
        pid: process.pid,
      }))
      const file = workerFileOf(home.path, place)
      writeRunFile(file, { ...identity, place, socket })
      return {
        place,
        async [Symbol.asyncDispose]() {
          removeRunFile(file, process.pid)
          await held[Symbol.asyncDispose]()
        },
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error
      // Who holds it and has not said so yet is about to.
      if (holder === undefined || (await answers(holder))) return null
    }
  }
  return null
}

async function main(): Promise<number> {
  process.umask(0o077)
  process.stderr.on("error", () => undefined)
  const config = parseConfig()
  const home = await openHome(config.home)
  keepCapped(workerLogOf(home.path))
  const ending = new AbortController()
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => ending.abort())

  await using held = await holdPlace(home)
  if (held === null) return BUSY
  log({ event: "worker_ready", pid: process.pid, place: held.place })
  const { plane, context, daemons } = await openParts(config, {
    watch: true,
    log,
    patienceMs: Number.POSITIVE_INFINITY,
  })
  await using _plane = plane
  const { signal } = ending
  const sessions = followRows(context.endpoint, paths.registry, {
    empty: emptyRegistry,
    fold: foldRegistry,
    signal,
  })
  const runFolds = runFoldsOf(context.endpoint, context.patience)
  await using worker = openWorker({
    context,
    limits: { atOnce: config.stepsAtOnce, ofAgents: config.agentStepsAtOnce },
    attend: (runs) =>
      attending({ context, plane, daemons, reach: reachOf(context, daemons), sessions, runs, runFolds }),
    signal,
  })
  let idleSince = performance.now()
  while (!signal.aborted) {
    await wait(LOOK_MS, signal).catch(() => undefined)
    const dueInMs = worker.dueInMs()
    if (dueInMs !== null && dueInMs <= config.idleSeconds * 1000) idleSince = performance.now()
    if (performance.now() - idleSince > config.idleSeconds * 1000) ending.abort()
  }
  log({ event: "worker_ending", pid: process.pid })
  return 0
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    log({ event: "worker_crashed", ...errorFields(error, true) })
    process.exit(1)
  },
)
