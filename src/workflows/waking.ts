/** Sees that a worker lives, for whoever has something for it to do. */
import { wait } from "#streams/transport"
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import { ensureWorker } from "./worker/ensure.ts"

/** What goes wrong is told in the log: whoever looks next tries again. */
export type Wake = () => void

/** One that answered was there a moment ago: it is not asked again before that. */
const PAUSE_MS = 200

export interface Waker {
  readonly wake: Wake
  /** Resolves when every start in progress has come to something. */
  settled(): Promise<void>
}

export function wakerOf({ home, log }: Pick<PlaneContext, "home" | "log">): Waker {
  let isWanted = false
  let waking: Promise<void> | null = null
  let lookedAt = Number.NEGATIVE_INFINITY

  async function work(): Promise<void> {
    while (isWanted) {
      await wait(Math.max(0, lookedAt + PAUSE_MS - performance.now()))
      isWanted = false
      await ensureWorker(home.path, (pid) => log({ event: "worker_starting", pid })).catch((error: unknown) =>
        log({ event: "worker_not_started", ...errorFields(error) }),
      )
      lookedAt = performance.now()
    }
    waking = null
  }
  return {
    wake() {
      isWanted = true
      waking ??= work()
    },
    async settled() {
      while (waking !== null) await waking
    },
  }
}
