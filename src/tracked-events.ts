import { tracked } from "@trpc/server"
import { translated } from "./trpc.ts"

/** What a follower tells, each event tracked by the offset to go on from. */
export async function* trackedEvents<Event>(
  follow: (signal: AbortSignal) => AsyncIterable<{ readonly event: Event; readonly offset: string }>,
  signal = new AbortController().signal,
) {
  try {
    for await (const { event, offset } of follow(signal)) yield tracked(offset, event)
  } catch (error) {
    if (!signal.aborted) throw translated(error)
  }
}
