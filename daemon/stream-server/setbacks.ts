/**
 * How often in a row the stream server was started in vain, shared by all who may start it: so that one that cannot
 * run is tried ever more rarely, and whoever asks is told. Times are seconds since the machine's start, which no
 * change of its clock moves.
 */
import { uptime } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import { bootId } from "../process/identity.ts"
import { readRunFile, writeRunFile } from "../run-file.ts"

const Setbacks = z.object({
  bootId: z.string(),
  /** Of the last start. */
  startedAt: z.number(),
  /** Starts before it that came to nothing, in a row. */
  count: z.number().int().nonnegative(),
  reason: z.string(),
  /** The last one came to serve, whatever became of it then. */
  served: z.boolean().default(false),
})
export type Setbacks = z.infer<typeof Setbacks>

/** One that lived for this long had started well. */
const WELL_AFTER_S = 10
/** After so many setbacks the next start waits so long from the last one on. */
const PAUSES_S = [0, 1, 2, 5, 10, 30]
/** One that came to serve and was killed then is wanted back soon, however often that was. */
const SERVED_PAUSE_S = 2

const fileOf = (home: string) => join(home, "run", "streams-setbacks.json")
function pauseAfter({ count, served }: Setbacks): number {
  const pause = PAUSES_S[Math.min(count, PAUSES_S.length - 1)] ?? 0
  return served ? Math.min(pause, SERVED_PAUSE_S) : pause
}

export interface Trouble {
  /** How often in a row it ended at its start or soon after. */
  readonly failures: number
  readonly reason: string
  readonly retryInSeconds: number
}

/** What keeps the stream server from running; `null` when nothing is known against it. */
export function troubleOf(home: string, now = uptime()): Trouble | null {
  const last = read(home)
  if (last === null) return null
  const pause = pauseAfter(last)
  const since = now - last.startedAt
  if (last.count === 0 || since > WELL_AFTER_S + pause) return null
  return { failures: last.count, reason: last.reason, retryInSeconds: Math.max(0, pause - since) }
}

/** Notes a start before it is tried. */
export function noteStart(home: string, reason: string, now = uptime()): void {
  const last = read(home)
  const inARow = last !== null && now - last.startedAt <= WELL_AFTER_S + pauseAfter(last)
  const next: Setbacks = {
    bootId: bootId(),
    startedAt: now,
    count: inARow ? last.count + 1 : 0,
    reason,
    served: false,
  }
  writeRunFile(fileOf(home), next)
}

/** Notes that the last one that was started serves. */
export function noteServing(home: string): void {
  const last = read(home)
  if (last !== null) writeRunFile(fileOf(home), { ...last, served: true })
}

function read(home: string): Setbacks | null {
  const last = readRunFile(fileOf(home), Setbacks)
  return last?.bootId === bootId() ? last : null
}
