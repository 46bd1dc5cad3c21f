/** Sees that a worker lives, for whoever has something for it to do. */
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import { ensureWorker } from "./worker/ensure.ts"

/** What goes wrong is told in the log: whoever looks next tries again. */
export type Wake = () => void

export function wakerOf({ home, log }: PlaneContext): {
  readonly wake: Wake
  /** Resolves when every start in progress has come to something. */
  settled(): Promise<void>
} {
  let waking: Promise<void> | null = null
  const wake = () => {
    waking ??= ensureWorker(home.path, (pid) => log({ event: "worker_starting", pid }))
      .catch((error: unknown) => log({ event: "worker_not_started", ...errorFields(error) }))
      .finally(() => {
        waking = null
      })
  }
  return {
    wake,
    async settled() {
      while (waking !== null) await waking
    },
  }
}
