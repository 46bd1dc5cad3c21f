/** Ending what outlives the API on purpose. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { streamsRunFileOf } from "#daemon/home"
import { endLeftovers } from "#daemon/process/belongings"
import { type Identity, isSame, signal } from "#daemon/process/identity"
import { DaemonRun, readRunFile, ServerRun } from "#daemon/run-file"
import { wait } from "#streams/transport"
import type { Config } from "./config.ts"
import type { Home } from "./home.ts"

export interface ShutDown {
  /** How many daemons were asked to stop and did. */
  readonly daemons: number
  /** The stream server that was stopped; `null` when none of ours was running. */
  readonly streamsPid: number | null
}

/** A daemon may take this long to end its turn and have its last words acknowledged. */
const DAEMON_LIMIT_MS = 20_000
const SERVER_LIMIT_MS = 10_000

/**
 * Stops every daemon of this home cleanly (its running turn is cancelled and its events are acknowledged), then
 * the stream server, in that order, so that no event is left in a spool. Signals a process only after its
 * identity was checked. Starts nothing, and is content when nothing runs.
 */
export async function shutDownRest(_config: Config, home: Home): Promise<ShutDown> {
  const runs = readdirSync(home.runDir)
    .filter((name) => name.startsWith("ses_") && name.endsWith(".json"))
    .flatMap((name) => readRunFile(join(home.runDir, name), DaemonRun) ?? [])
    .filter(isSame)
  await Promise.all(
    runs.map(async (run) => {
      await end(run, DAEMON_LIMIT_MS)
      await endLeftovers({ home: home.path, sessionId: run.sessionId, epoch: run.epoch }, 1_000)
    }),
  )
  const server = readRunFile(streamsRunFileOf(home.path), ServerRun)
  if (server === null || !isSame(server)) return { daemons: runs.length, streamsPid: null }
  await end(server, SERVER_LIMIT_MS)
  return { daemons: runs.length, streamsPid: server.pid }
}

/** Asks first; what has not ended in time, or cannot hear because it is stopped, is killed. */
async function end(identity: Identity, withinMs: number): Promise<void> {
  signal(identity, "SIGTERM")
  signal(identity, "SIGCONT")
  for (let waited = 0; waited < withinMs && isSame(identity); waited += 50) await wait(50)
  signal(identity, "SIGKILL")
  while (isSame(identity)) await wait(20)
}
