import { type LimitChange, readLimits } from "#streams/session-limits"
import { usage } from "./refusal.ts"

/** Limits as they are written on a command line. */
export function limitWords(text: string): LimitChange {
  const read = readLimits(text)
  if ("wrong" in read) throw usage(`--limit: ${read.wrong}.`)
  return read.change
}
