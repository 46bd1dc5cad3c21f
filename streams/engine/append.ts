import { recordsOf } from "./body.ts"
import type { Draft } from "./draft.ts"
import { PRODUCERS_PER_STREAM } from "./limits.ts"
import { judgeProducer, type ProducerTicket } from "./producer.ts"
import { Refusal } from "./refusal.ts"
import { mediaType, type StreamMeta, withAppend } from "./stream-meta.ts"
import { presentStream } from "./visible.ts"

export interface AppendRequest {
  readonly path: string
  /** Empty only when the request just closes the stream. */
  readonly body: Buffer
  readonly contentType: string | undefined
  readonly close: boolean
  readonly seq: string | undefined
  readonly producer: ProducerTicket | undefined
}

export interface Appended {
  readonly next: number
  readonly closed: boolean
  /** The append was there already; `seq` is the highest the stream has from this producer. */
  readonly duplicate: { readonly seq: number } | null
}

/** Appends, closes, or both in one. Throws a `Refusal` and stages nothing when the request cannot be done. */
export function appendTo(draft: Draft, request: AppendRequest): Appended {
  const { producer, body } = request
  const meta = presentStream(draft, request.path)
  if (meta.closed) return appendToClosed(draft, meta, request)

  if (body.length > 0 && mediaType(request.contentType ?? "") !== mediaType(meta.contentType)) {
    throw new Refusal(
      "content_type_mismatch",
      `This stream is ${meta.contentType}. Append that content type.`,
    )
  }
  if (producer) {
    const known = draft.producer(meta.id, producer.name)
    const judged = judgeProducer(known, producer)
    if (judged.verdict === "duplicate")
      return { next: meta.next, closed: false, duplicate: { seq: judged.seq } }
    if (!known && draft.producerCount(meta.id) >= PRODUCERS_PER_STREAM) {
      throw new Refusal(
        "too_many_producers",
        "This stream has too many producers. Use one Producer-Id per writer.",
      )
    }
  }
  if (request.seq !== undefined && meta.lastSeq !== null && request.seq <= meta.lastSeq) {
    throw new Refusal("seq_conflict", `Stream-Seq must be above ${meta.lastSeq}: another writer was first.`, {
      tail: meta.next,
    })
  }
  const payloads = body.length > 0 ? recordsOf(meta, body) : []
  if (body.length > 0 && payloads.length === 0) {
    throw new Refusal("json_empty", "An empty array appends nothing. Send at least one message.")
  }

  const bytes = draft.push(meta, payloads)
  const updated = draft.update(
    withAppend(meta, {
      next: meta.next + payloads.length,
      bytes: meta.bytes + bytes,
      closed: request.close,
      closedBy:
        request.close && producer
          ? { producer: producer.name, epoch: producer.epoch, seq: producer.seq }
          : null,
      lastSeq: request.seq ?? meta.lastSeq,
      accessedAt: draft.now,
    }),
  )
  if (producer) draft.setProducer(meta.id, producer.name, { epoch: producer.epoch, seq: producer.seq })
  return { next: updated.next, closed: updated.closed, duplicate: null }
}

/** A closed stream takes nothing, but still tells a retry from a new append, and fences a stale writer. */
function appendToClosed(draft: Draft, meta: StreamMeta, request: AppendRequest): Appended {
  const { producer } = request
  const closed = new Refusal("stream_closed", "The stream is closed and takes no more.", {
    tail: meta.next,
    closed: true,
  })
  if (producer) {
    const known = draft.producer(meta.id, producer.name)
    if (known && producer.epoch <= known.epoch && producer.seq <= known.seq) {
      const judged = judgeProducer(known, producer)
      if (judged.verdict === "duplicate")
        return { next: meta.next, closed: true, duplicate: { seq: judged.seq } }
    }
    if (known && producer.epoch < known.epoch) judgeProducer(known, producer)
    throw closed
  }
  if (!request.close || request.body.length > 0) throw closed
  draft.update({ ...meta, accessedAt: draft.now })
  return { next: meta.next, closed: true, duplicate: null }
}
