import { Refusal } from "./refusal.ts"
import type { ProducerState } from "./stream-meta.ts"

/** Who appends, and which of its appends this is. */
export interface ProducerTicket {
  readonly name: string
  readonly epoch: number
  readonly seq: number
}

export type ProducerVerdict =
  | { readonly verdict: "accepted" }
  | { readonly verdict: "duplicate"; readonly seq: number }

/**
 * Judges an append of an idempotent producer against what the stream has from it. A higher epoch fences the
 * lower ones for good. Throws a `Refusal` for a stale epoch or a gap.
 */
export function judgeProducer(known: ProducerState | undefined, ticket: ProducerTicket): ProducerVerdict {
  if (known && ticket.epoch < known.epoch) {
    throw new Refusal(
      "producer_stale",
      `Epoch ${ticket.epoch} was fenced by epoch ${known.epoch}: another writer took over. Stop writing.`,
      { epoch: known.epoch },
    )
  }
  if (known && ticket.epoch > known.epoch && ticket.seq !== 0) {
    throw new Refusal("producer_epoch_start", "A new epoch starts with Producer-Seq 0.")
  }
  const last = known && ticket.epoch === known.epoch ? known.seq : -1
  if (ticket.seq <= last) return { verdict: "duplicate", seq: last }
  if (ticket.seq > last + 1) {
    throw new Refusal(
      "producer_gap",
      `Expected Producer-Seq ${last + 1}, got ${ticket.seq}. Send the missing ones first.`,
      {
        expectedSeq: last + 1,
        receivedSeq: ticket.seq,
      },
    )
  }
  return { verdict: "accepted" }
}
