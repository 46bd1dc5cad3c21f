/**
 * The time when the process began, and what has passed since by clocks that nobody sets: pauses, waits and timeouts
 * come neither early nor late when the clock on the wall jumps. Time in which the machine slept counts.
 */
import { uptime } from "node:os"

export interface Clocks {
  /** All in milliseconds. That on the wall, which may jump. */
  readonly wall: () => number
  /** Stands still while the machine sleeps. */
  readonly awake: () => number
  /** Goes on meanwhile; not exact. */
  readonly sinceBoot: () => number
}

const SYSTEM: Clocks = {
  wall: Date.now,
  awake: () => performance.now(),
  sinceBoot: () => uptime() * 1_000,
}

/** What two clocks that are read one after the other may differ by. */
const INEXACT_MS = 2_000

export function steadyClock({ wall, awake, sinceBoot }: Clocks = SYSTEM): () => number {
  const began = { wall: wall(), awake: awake(), sinceBoot: sinceBoot() }
  return () => {
    const passed = awake() - began.awake
    const slept = sinceBoot() - began.sinceBoot - passed
    return Math.round(began.wall + passed + (slept > INEXACT_MS ? slept : 0))
  }
}
