import type { SessionEvent } from "#streams/event"

interface Placed {
  readonly event: SessionEvent
  readonly offset: string
}

/**
 * Each event once, in order: streams deliver at least once, and a writer that lost its epoch is not believed.
 * The same two rules as the session's fold.
 */
export async function* freshEvents(events: AsyncIterable<Placed>): AsyncGenerator<Placed> {
  let epoch = 0
  let seq = -1
  for await (const placed of events) {
    const { event } = placed
    if (event.epoch < epoch) continue
    epoch = event.epoch
    if (event.seq <= seq) continue
    seq = event.seq
    yield placed
  }
}
