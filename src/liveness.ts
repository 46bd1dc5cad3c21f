/**
 * Whether a session's daemon lives. It is believed only when the process in its run file is that very process and
 * answers on its control socket with the same session and epoch.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { askControlSocket, type ControlAnswer } from "#daemon/control-socket"
import { filesOf, socketIn } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { DaemonRun, readRunFile } from "#daemon/run-file"
import { SessionId } from "#streams/ids"

export type Liveness =
  | { readonly state: "alive"; readonly run: DaemonRun; readonly storage: ControlAnswer["storage"] }
  /** The process is there and does not answer: stopped, stuck, or starved. */
  | { readonly state: "silent"; readonly run: DaemonRun }
  | { readonly state: "dead"; readonly run: DaemonRun | null }

/** Sessions whose daemon has a run file, alive or not. */
export const withRunFile = (home: string): SessionId[] =>
  readdirSync(join(home, "run")).flatMap(
    (name) => SessionId.safeParse(name.replace(/[.]json$/, "")).data ?? [],
  )

/** Sessions whose daemon left its run file behind: it did not end by itself. */
export const abandoned = (home: string): SessionId[] =>
  withRunFile(home).filter((sessionId) => {
    const run = readRunFile(filesOf(home, sessionId).run, DaemonRun)
    return run !== null && !isSame(run)
  })

const ANSWER_WITHIN_MS = 2_000

export async function livenessOf(home: string, sessionId: SessionId): Promise<Liveness> {
  const run = readRunFile(filesOf(home, sessionId).run, DaemonRun)
  if (!run || !isSame(run)) return { state: "dead", run }
  const answer = await askControlSocket(socketIn(home, run), ANSWER_WITHIN_MS)
  if (answer?.pid === run.pid && answer.sessionId === sessionId)
    return { state: "alive", run, storage: answer.storage }
  // It may have ended while we asked.
  return isSame(run) ? { state: "silent", run } : { state: "dead", run }
}
