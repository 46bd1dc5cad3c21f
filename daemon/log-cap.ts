import { copyFileSync, statSync, truncateSync } from "node:fs"

/** What a log may grow to; what it was before is kept once, beside it, as `….1`. */
const LOG_BYTES = 8 * 1024 * 1024
const LOOK_MS = 30_000

/**
 * Keeps a log small that is written by appending, by whomever: it is copied and cut in place, so that open files
 * stay good. What is written between the two is lost.
 */
export function capLog(path: string, maxBytes = LOG_BYTES): void {
  try {
    if (statSync(path).size <= maxBytes) return
  } catch {
    return // There is no log yet.
  }
  try {
    copyFileSync(path, `${path}.1`)
  } finally {
    // Also when there is no room for the copy: the log is what fills the disk.
    truncateSync(path, 0)
  }
}

/** Does so now and then for as long as this process lives or until disposed; never keeps the process alive. */
export function keepCapped(path: string): Disposable {
  const look = () => {
    try {
      capLog(path)
    } catch {
      return // A log that cannot be cut now is looked at again.
    }
  }
  look()
  const timer = setInterval(look, LOOK_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
