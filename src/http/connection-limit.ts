import { readFileSync } from "node:fs"

const MOST = 1_000

/**
 * How many connections to take at once: half of the files this process may open, so that a flood of them leaves
 * room for the streams, the files and the daemons that are started meanwhile.
 */
export function connectionLimit(limits = processLimits()): number {
  const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? MOST * 2)
  return Math.max(16, Math.min(MOST, Math.floor(files / 2)))
}

/** Empty where the system does not tell. */
function processLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8")
  } catch {
    return ""
  }
}
