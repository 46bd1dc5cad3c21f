/**
 * Keeps folds of long sessions in the home for as long as it runs. They are made by a thread that lives while there are
 * some to make, so that nobody who asks for something waits for them.
 */
import { Worker } from "node:worker_threads"
import type { SessionId } from "#streams/ids"
import { type Endpoint, wait } from "#streams/transport"
import { errorFields } from "../log.ts"
import { programFile } from "../package-root.ts"
import type { PlaneContext } from "../plane-context.ts"
import { type Source, sourceOf } from "./session-at.ts"
import { snapshotsIn } from "./snapshots.ts"

/** What the thread is told. */
export interface ToKeep {
  readonly home: string
  readonly endpoint: Endpoint
  readonly sessions: readonly { readonly sessionId: SessionId; readonly source: Source }[]
}
/** What it says of each. */
export interface Kept {
  readonly sessionId: SessionId
  readonly problem: string | null
}

const LOOK_MS = 5_000
/** Fewer events are read from the stream as quickly. */
const LEAST_EVENTS = 2_000
/** As this share of what is kept is new it is kept anew: so all that is written stays in proportion to what is said. */
const SHARE = 1 / 8

/** Whether a session whose newest event is `seq` is worth another snapshot than the one that reaches to `kept`. */
export const isWorthKeeping = (seq: number, kept: number): boolean =>
  seq - kept >= Math.max(LEAST_EVENTS, (kept + 1) * SHARE)

/** Resolves when `signal` has aborted. */
export async function keepSnapshots(
  { endpoint, folds, home, log }: Pick<PlaneContext, "endpoint" | "folds" | "home" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const snapshots = snapshotsIn(home.path)
  /** Of what there is, or was tried, of a session: which stream, and its newest event then. */
  const known = new Map<SessionId, { readonly source: string; readonly seq: number }>()
  const rowsOf = async () => (await folds.registry()).value
  let tidied = false

  async function look(): Promise<void> {
    const rows = await rowsOf()
    if (!tidied) await snapshots.dropOthers((sessionId) => rows.has(sessionId))
    tidied = true
    const sessions: ToKeep["sessions"][number][] = []
    for (const entry of rows.values()) {
      const { sessionId, activity } = entry
      const seq = activity?.seq ?? -1
      const source = sourceOf(sessionId, entry)
      const name = `${source.stream} ${source.copy}`
      if (signal.aborted || !isWorthKeeping(seq, -1)) continue
      const before = known.get(sessionId)
      const kept = before?.source === name ? before.seq : await snapshots.seqOf(sessionId, source)
      const wanted = isWorthKeeping(seq, kept)
      // One that fails is not tried again and again, but when there is more.
      known.set(sessionId, { source: name, seq: wanted ? seq : kept })
      if (wanted) sessions.push({ sessionId, source })
    }
    if (sessions.length === 0 || signal.aborted) return
    await inThread({ home: home.path, endpoint: endpoint(), sessions }, signal, ({ sessionId, problem }) => {
      if (problem !== null) log({ event: "snapshot_failed", sessionId, problem })
    })
    // Who was forgotten meanwhile is not to be found here again.
    const now = await rowsOf()
    for (const { sessionId } of sessions) if (!now.has(sessionId)) await snapshots.drop(sessionId)
  }

  while (!signal.aborted) {
    await look().catch((error: unknown) => log({ event: "snapshots_failed", ...errorFields(error) }))
    await wait(LOOK_MS, signal).catch(() => undefined)
  }
}

/** Resolves when the thread is gone. */
function inThread(workerData: ToKeep, signal: AbortSignal, onKept: (kept: Kept) => void): Promise<void> {
  const thread = new Worker(programFile("snapshots"), { workerData })
  const end = () => void thread.terminate()
  signal.addEventListener("abort", end, { once: true })
  return new Promise<void>((resolve, reject) => {
    thread.on("message", onKept)
    thread.once("error", reject)
    thread.once("exit", () => resolve())
  }).finally(() => signal.removeEventListener("abort", end))
}
