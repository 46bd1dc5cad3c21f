/**
 * What a publisher wrote down on its own machine before it sent it. Whoever writes the session next, the next
 * daemon or the reconciler, first sends what the stream still lacks.
 */
import type { Blob } from "./blob.ts"
import { parseEvent, type SessionEvent } from "./event.ts"

export interface Spool extends Disposable {
  /** Everything in it, whole lines only. */
  read(): string
  /** Adds whole lines; either all of them are kept or none and it throws. */
  append(lines: string): void
  /** Keeps a blob, or throws. */
  keep(blob: Blob): void
  /** The blobs that are kept, by the last part of their names. */
  blobs(): Iterable<{ readonly name: string; readonly bytes: Blob["bytes"] }>
  /** Forgets everything: it is in the store. */
  clear(): void
}

/** `null` for a line that was cut off: what came behind it is out of order and not believed either. */
function eventOf(line: string): SessionEvent | null {
  try {
    return parseEvent(JSON.parse(line))
  } catch {
    return null
  }
}

/** The events that a stream ending at `seq` lacks, in order and without a gap. */
export function eventsAfter(seq: number, spooled: string): SessionEvent[] {
  const missing: SessionEvent[] = []
  for (const line of spooled.split("\n")) {
    const event = eventOf(line)
    if (event?.seq === seq + missing.length + 1) missing.push(event)
  }
  return missing
}
