/** Why a request changes nothing. The slug is part of the interface. */
export type RefusalReason =
  | "bad_request"
  | "body_empty"
  | "content_type_missing"
  | "content_type_mismatch"
  | "json_invalid"
  | "json_empty"
  | "message_too_large"
  | "body_too_large"
  | "name_invalid"
  | "stream_not_found"
  | "stream_gone"
  | "stream_closed"
  | "stream_differs"
  | "path_kept_by_forks"
  | "source_not_found"
  | "source_gone"
  | "source_differs"
  | "fork_offset_invalid"
  | "offset_invalid"
  | "offset_beyond_tail"
  | "seq_conflict"
  | "producer_stale"
  | "producer_gap"
  | "producer_epoch_start"
  | "too_many_producers"
  | "not_done"
  | "unauthorized"
  | "foreign_origin"
  | "foreign_host"
  | "method_not_allowed"
  | "route_not_found"

export interface RefusalDetails {
  /** The tail of the stream, where knowing it helps. */
  readonly tail?: number
  readonly closed?: boolean
  readonly epoch?: number
  readonly expectedSeq?: number
  readonly receivedSeq?: number
}

/** A request that is refused. It has changed nothing. */
export class Refusal extends Error {
  readonly reason: RefusalReason
  readonly details: RefusalDetails

  constructor(reason: RefusalReason, message: string, details: RefusalDetails = {}) {
    super(message)
    this.name = "Refusal"
    this.reason = reason
    this.details = details
  }
}
