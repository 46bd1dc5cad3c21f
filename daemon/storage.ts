/**
 * How a daemon stands with the stream server. While it is behind, it says so to whoever asks on the control socket,
 * and brings our own server back: the API and every command may be dead as well, and what waits here has a cap.
 */
import { errorText } from "#streams/error-text"
import type { Publisher } from "#streams/publisher"
import type { ControlAnswer } from "./control-socket.ts"
import type { DaemonSpec } from "./spec.ts"
import { ensureStreamServer } from "./stream-server/ensure.ts"

export interface Storage extends Disposable {
  /** Requests fail, or too much waits; or no longer so. */
  behind(is: boolean, reason: string): void
  /** What waits to be sent, as soon as there is a publisher to ask. */
  backlog: () => Publisher["backlog"]
  answer(): NonNullable<ControlAnswer["storage"]>
}

/** A request that waits longer for its answer is not just slow. */
const HANGS_AFTER_MS = 3_000
/** The API looks every two seconds; whoever comes after it is rarely needed. */
const TRY_EVERY_MS = 3_000

export function storageOf(
  { home, streams }: Pick<DaemonSpec, "home" | "streams">,
  log: (event: string, message: string) => void,
): Storage {
  let reason: string | null = null
  let timer: NodeJS.Timeout | undefined
  let said = ""

  async function bringBack(): Promise<void> {
    const { launch, token } = streams
    if (launch === undefined || reason === null) return
    try {
      const onStart = (pid: number | undefined) => log("streams_starting", `pid ${pid}`)
      await ensureStreamServer({ home, ...launch, token, onStart })
    } catch (error) {
      const message = errorText(error)
      // It is tried again and again: once is enough to be said.
      if (message !== said) log("streams_away", message)
      said = message
    }
    if (reason !== null) later()
  }

  // At their own time each: two hundred daemons must not all look at once.
  const later = () => {
    timer = setTimeout(() => void bringBack(), TRY_EVERY_MS * (1 + Math.random())).unref()
  }

  return {
    backlog: () => ({ events: 0, bytes: 0, forMs: 0 }),
    behind(is, why) {
      const was = reason !== null
      reason = is ? why : null
      if (is === was) return
      log(is ? "storage_behind" : "storage_caught_up", why)
      clearTimeout(timer)
      if (is) later()
    },
    answer() {
      const { events, bytes, forMs } = this.backlog()
      const hangs = forMs > HANGS_AFTER_MS ? "The stream server takes its time to answer." : null
      const why = reason ?? hangs
      return { behind: why !== null, reason: why ?? "", events, bytes }
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      reason = null
    },
  }
}
