/**
 * Workers: processes of their own that hold runs, detached like daemons. Whoever starts or resumes a run, or finds
 * one unattended, sees that one lives. One is enough; there are more only where one of them does not answer.
 */
import { spawn } from "node:child_process"
import { closeSync, openSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { askControlSocket } from "#daemon/control-socket"
import { type Identity, isSame } from "#daemon/process/identity"
import { readRunFile } from "#daemon/run-file"
import { wait } from "#streams/transport"
import { agentEnvironment } from "../../config.ts"
import { programFile } from "../../package-root.ts"

/** In the environment of a worker: the home whose worker it is. */
export const WORKER_OF = "AGENTZ_WORKER_OF"
/** Exit code of a worker that found another one. */
export const BUSY = 75
/** Workers of one home at a time, the silent ones included. */
export const PLACES = 8

const ANSWER_WITHIN_MS = 2_000
const START_LIMIT_MS = 10_000

export const WorkerRun = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  place: z.number().int().nonnegative(),
  /** Where it answers. */
  socket: z.string(),
})
export type WorkerRun = z.infer<typeof WorkerRun>

export const workerFileOf = (home: string, place: number): string => join(home, "run", `worker-${place}.json`)
export const workerLogOf = (home: string): string => join(home, "worker.log")

/** What the run files say, alive or not. */
export const workersOf = (home: string): WorkerRun[] =>
  readdirSync(join(home, "run")).flatMap((name) =>
    /^worker-\d+[.]json$/.test(name) ? (readRunFile(join(home, "run", name), WorkerRun) ?? []) : [],
  )

/** Whether that very process is there and its event loop turns. */
export const answers = async ({ pid, socket }: Pick<WorkerRun, "pid" | "socket">): Promise<boolean> =>
  (await askControlSocket(socket, ANSWER_WITHIN_MS))?.pid === pid

/** Whether a worker left its run file behind: it did not end by itself, and may have held anything. */
export const isAbandoned = (home: string): boolean => workersOf(home).some((run) => !isSame(run))

/** A worker that answers; `null` where there is none. */
export async function liveWorker(home: string): Promise<WorkerRun | null> {
  const living = workersOf(home).filter(isSame)
  const found = await Promise.all(living.map(async (run) => ((await answers(run)) ? run : null)))
  return found.find((run) => run !== null) ?? null
}

/** Whether a process of this host that held runs may still write: it is there, and answers if it is a worker of ours. */
export async function holdsStill(home: string, owner: Identity): Promise<boolean> {
  if (!isSame(owner)) return false
  const run = workersOf(home).find(({ pid }) => pid === owner.pid)
  return run === undefined || (await answers(run))
}

/** Resolves when one answers, or when the one that was started is overdue: whoever looks next tries again. */
export async function ensureWorker(home: string, onStart?: (pid: number | undefined) => void): Promise<void> {
  if ((await liveWorker(home)) !== null) return
  const started = start(home)
  onStart?.(started.pid)
  const limit = performance.now() + START_LIMIT_MS
  while (performance.now() < limit) {
    const over = started.ended()
    if ((await liveWorker(home)) !== null || over) return
    await wait(25)
  }
}

function start(home: string) {
  const log = openSync(workerLogOf(home), "a", 0o600)
  try {
    const child = spawn(process.execPath, [programFile("worker")], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", log, log],
      // It starts agents, so it needs what they are given of the user's environment.
      env: { ...agentEnvironment(), AGENTZ_HOME: home, [WORKER_OF]: home },
    })
    child.unref()
    let ended = false
    const end = () => {
      ended = true
    }
    child.once("exit", end)
    child.once("error", end)
    return { pid: child.pid, ended: () => ended }
  } finally {
    closeSync(log)
  }
}
