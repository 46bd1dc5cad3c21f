/** The thread that makes snapshots: reads each session on from the one before, and keeps what it comes to. */
import { constants, setPriority } from "node:os"
import { parentPort, workerData } from "node:worker_threads"
import { errorText } from "#streams/error-text"
import type { Kept, ToKeep } from "./keep-snapshots.ts"
import { foundAgain, readOn, unread } from "./session-at.ts"
import { snapshotsIn } from "./snapshots.ts"

const { home, endpoint: server, sessions } = workerData as ToKeep
const patience = { forMs: 10_000 }
const endpoint = () => server

// On Linux this is of the thread alone; elsewhere it would make the whole process slow.
if (process.platform === "linux") setPriority(0, constants.priority.PRIORITY_LOW)

const snapshots = snapshotsIn(home)
for (const { sessionId, source } of sessions) {
  const tell = (problem: string | null) => parentPort?.postMessage({ sessionId, problem } satisfies Kept)
  try {
    const kept = await snapshots.load(sessionId, source)
    const from = kept && (await foundAgain(endpoint, kept, patience))
    await snapshots.keep(await readOn(endpoint, from ?? unread(sessionId, source), patience))
    tell(null)
  } catch (error) {
    tell(errorText(error))
  }
}
