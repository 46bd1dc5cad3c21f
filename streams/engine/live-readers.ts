/** Somebody who follows a stream live, as far as the numbers of the server need to know. */
export interface LiveReader {
  /** Records of the stream that were not sent to it yet. */
  readonly behind: number
  /** Bytes that were sent and not taken. */
  readonly unread: number
}

/** Everybody who follows a stream now. */
export class LiveReaders {
  readonly #all = new Set<LiveReader>()

  /** Returns what takes the reader out again. */
  enter(reader: LiveReader): () => void {
    this.#all.add(reader)
    return () => this.#all.delete(reader)
  }

  /** How many there are, and how far the one is that is furthest behind. */
  gauges(): Record<string, number> {
    let behind = 0
    let unread = 0
    for (const reader of this.#all) {
      behind = Math.max(behind, reader.behind)
      unread = Math.max(unread, reader.unread)
    }
    return { live_readers: this.#all.size, reader_lag_records: behind, reader_unread_bytes: unread }
  }
}
