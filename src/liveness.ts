/**
 * Whether a session's daemon lives. It is believed only when the process in its run file is that very process and
 * answers on its control socket with the same session and epoch.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { askControlSocket } from "#daemon/control-socket"
import { filesOf, socketOf } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { DaemonRun, readRunFile } from "#daemon/run-file"
import { SessionId } from "#streams/ids"
import type { Home } from "./home.ts"

export type Liveness =
  | { readonly state: "alive"; readonly run: DaemonRun }
  /** The process is there and does not answer: stopped, stuck, or starved. */
  | { readonly state: "silent"; readonly run: DaemonRun }
  | { readonly state: "dead"; readonly run: DaemonRun | null }

/** Sessions whose daemon left its run file behind: it did not end by itself. */
export function abandoned(home: Home): SessionId[] {
  return readdirSync(home.runDir).flatMap((name) => {
    const run = readRunFile(join(home.runDir, name), DaemonRun)
    const sessionId = SessionId.safeParse(run?.sessionId)
    return run && sessionId.success && !isSame(run) ? [sessionId.data] : []
  })
}

const ANSWER_WITHIN_MS = 2_000

export async function livenessOf(home: string, sessionId: SessionId): Promise<Liveness> {
  const run = readRunFile(filesOf(home, sessionId).run, DaemonRun)
  if (!run || !isSame(run)) return { state: "dead", run }
  const answer = await askControlSocket(socketOf(home, sessionId, run.epoch), ANSWER_WITHIN_MS)
  if (answer?.pid === run.pid && answer.sessionId === sessionId) return { state: "alive", run }
  // It may have ended while we asked.
  return isSame(run) ? { state: "silent", run } : { state: "dead", run }
}
