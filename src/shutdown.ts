/** Ending what outlives the API on purpose. */
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { filesOf, streamsRunFileOf } from "#daemon/home"
import { endLeftovers } from "#daemon/process/belongings"
import { type Identity, identityOf, isSame, signal } from "#daemon/process/identity"
import { snapshot } from "#daemon/process/snapshot"
import { DaemonRun, readRunFile, ServerRun } from "#daemon/run-file"
import { wait } from "#streams/transport"
import type { Config } from "./config.ts"
import { DAEMON_OF } from "./daemons/launch.ts"
import type { Home } from "./home.ts"
import { withRunFile } from "./liveness.ts"
import { WORKER_OF } from "./workflows/worker/ensure.ts"

export interface ShutDown {
  /** How many daemons were asked to stop and did. */
  readonly daemons: number
  /** The stream server that was stopped; `null` when none of ours was running. */
  readonly streamsPid: number | null
}

/** A daemon may take this long to end its turn and have its last words acknowledged. */
const DAEMON_LIMIT_MS = 20_000
/** A worker lets go of its runs as they are; a start that is in progress is waited for. */
const WORKER_LIMIT_MS = 15_000
const LEFTOVER_GRACE_MS = 1_000
const SERVER_LIMIT_MS = 10_000

/**
 * Stops every daemon of this home cleanly (its running turn is cancelled and its events are acknowledged), then
 * the stream server, in that order, so that no event is left in a spool. Signals a process only after its
 * identity was checked. Starts nothing, and is content when nothing runs. Leaves no run file, socket or lock,
 * also of those that were killed before.
 */
export async function shutDownRest(_config: Config, home: Home): Promise<ShutDown> {
  const ended = new Set<string>()
  const sessions = withRunFile(home.path)
  // First, since it would start again what is stopped.
  await Promise.all(workersOfHome(home).map((identity) => end(identity, WORKER_LIMIT_MS)))
  // Again until nobody is found: one may have been about to start, and not have said who it is.
  for (let found = daemonsOfHome(home); found.length > 0; found = daemonsOfHome(home))
    await Promise.all(
      found.map(async (identity) => {
        ended.add(`${identity.pid} ${identity.startTime}`)
        await end(identity, DAEMON_LIMIT_MS)
      }),
    )
  await Promise.all(
    sessions.map((sessionId) =>
      endLeftovers({ home: home.path, sessionId, epoch: Number.POSITIVE_INFINITY }, LEFTOVER_GRACE_MS),
    ),
  )
  const server = readRunFile(streamsRunFileOf(home.path), ServerRun)
  const serverRan = server !== null && isSame(server)
  if (serverRan) await end(server, SERVER_LIMIT_MS)
  sweep(home, server?.pid ?? null)
  return { daemons: ended.size, streamsPid: serverRan ? server.pid : null }
}

const workersOfHome = (home: Home): readonly Identity[] =>
  snapshot().filter((one) => one.carries(WORKER_OF, home.path) && !one.carries(DAEMON_OF, home.path))

/** By run file, and by what they were started with. */
function daemonsOfHome(home: Home): readonly Identity[] {
  const runs = withRunFile(home.path).flatMap(
    (sessionId) => readRunFile(filesOf(home.path, sessionId).run, DaemonRun) ?? [],
  )
  const known = runs.filter(isSame)
  const marked = snapshot().filter((one) => one.carries(DAEMON_OF, home.path))
  const pids = new Set([...known, ...marked].map(({ pid }) => pid))
  // What a daemon started is its own to end, in the order that is right for it.
  return [
    ...known,
    ...marked.filter(({ pid, parent }) => !pids.has(parent) && known.every((run) => run.pid !== pid)),
  ]
}

/** What a killed process could not take back. */
function sweep(home: Home, serverPid: number | null): void {
  for (const name of readdirSync(home.runDir)) {
    const file = join(home.runDir, name)
    const run = readRunFile(file, Run)
    if (name.endsWith(".sock") || name.startsWith("streams-") || (run !== null && !isSame(run)))
      rmSync(file, { force: true })
  }
  const lock = join(home.streamsDir, "lock")
  const holder = readRunFile(lock, z.object({ pid: z.number() }))
  if (holder !== null && holder.pid === serverPid && identityOf(serverPid) === null)
    rmSync(lock, { force: true })
}

const Run = z.object({ pid: z.number().int().positive(), startTime: z.string(), bootId: z.string() })

/** Asks first; what has not ended in time, or cannot hear because it is stopped, is killed. */
async function end(identity: Identity, withinMs: number): Promise<void> {
  signal(identity, "SIGTERM")
  signal(identity, "SIGCONT")
  const limit = performance.now() + withinMs
  while (performance.now() < limit && isSame(identity)) await wait(50)
  signal(identity, "SIGKILL")
  while (isSame(identity)) await wait(20)
}
