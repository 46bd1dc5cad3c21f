const MIB = 1024 * 1024

/** One JSON message, or one record of any other stream. */
export const MESSAGE_BYTES = MIB
/** One request body. */
export const REQUEST_BYTES = 4 * MIB
/** What one read brings back, give or take one record. */
export const WINDOW_BYTES = MIB
/** What one live reader is sent at a time while it catches up. */
export const LIVE_WINDOW_BYTES = MIB / 4
/** Bytes written to a live reader's connection that it has not taken yet. */
export const UNREAD_BYTES = MIB
/** A longer batch of JSON messages is stored as several records. */
export const BATCH_RECORD_BYTES = MIB / 4
export const NAME_BYTES = 1024
export const PRODUCER_NAME_BYTES = 512
export const PRODUCERS_PER_STREAM = 10_000
