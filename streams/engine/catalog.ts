import { StoreVersionError } from "./errors.ts"
import { CONTROL, nameOf, PRODUCER, STREAM, streamOf, TRASH } from "./keys.ts"
import { payloadOf } from "./record.ts"
import type { Store } from "./store.ts"
import { decodeMeta, decodeProducer, type ProducerState, type StreamMeta } from "./stream-meta.ts"

/** What a commit did to one stream, as its live readers hear of it. */
export class Delta {
  readonly from: number
  readonly next: number
  readonly closed: boolean
  readonly gone: boolean
  readonly #rows: readonly Buffer[]
  #payloads: readonly Buffer[] | null = null

  constructor(meta: StreamMeta, rows: readonly Buffer[], gone: boolean) {
    this.from = meta.next - rows.length
    this.next = meta.next
    this.closed = meta.closed
    this.gone = gone || meta.hidden
    this.#rows = rows
  }

  /** Most commits have nobody listening, so these are only made when somebody is. */
  get payloads(): readonly Buffer[] {
    this.#payloads ??= this.#rows.map(payloadOf)
    return this.#payloads
  }
}

export type Watcher = (delta: Delta) => void

/** A stream in memory. `meta` only ever shows what is on the disk. */
export interface Stream {
  meta: StreamMeta
  gone: boolean
  readonly producers: Map<string, ProducerState>
  readonly watchers: Set<Watcher>
}

export const newStream = (meta: StreamMeta, producers = new Map<string, ProducerState>()): Stream => ({
  meta,
  gone: false,
  producers,
  watchers: new Set(),
})

/** Reads move a stream's last access in memory only; what was not written down counts in its favour. */
function loadStream(id: number, row: Buffer): Stream {
  const { meta, producers } = decodeMeta(id, row)
  const unrecorded = ((meta.ttlSeconds ?? 0) * 1000) / UNRECORDED_SHARE
  return newStream({ ...meta, accessedAt: meta.accessedAt + unrecorded }, producers)
}

/** An access is written down once it is this part of the time to live newer than the last one written. */
export const UNRECORDED_SHARE = 8

/** The format of the rows; a store of another one is refused. */
export const FORMAT = "1"

/** All streams, by path and by id, and the small rows beside them. */
export class Catalog {
  readonly byPath = new Map<string, Stream>()
  readonly byId = new Map<number, Stream>()
  /** Deleted streams whose rows are not swept yet. */
  readonly trash = new Set<number>()
  readonly control = new Map<string, Buffer>()
  nextId = 1

  static load(store: Store): Catalog {
    const catalog = new Catalog()
    const producers: { key: Buffer; payload: Buffer }[] = []
    for (const { key, payload } of store.readState()) {
      if (key[0] === STREAM) catalog.add(loadStream(streamOf(key), payload))
      else if (key[0] === TRASH) catalog.trash.add(streamOf(key))
      else if (key[0] === PRODUCER) producers.push({ key, payload })
      else if (key[0] === CONTROL) catalog.#control(nameOf(key), payload)
    }
    for (const { key, payload } of producers) {
      catalog.byId.get(streamOf(key))?.producers.set(nameOf(key), decodeProducer(payload))
    }
    catalog.nextId = Number(catalog.control.get("next-id")?.toString() ?? "1")
    return catalog
  }

  /** Comes before all other rows, so that no row of another format is taken for one of ours. */
  #control(name: string, value: Buffer): void {
    if (name === "format" && value.toString() !== FORMAT) throw new StoreVersionError(value.toString())
    this.control.set(name, value)
  }

  add(stream: Stream): void {
    this.byPath.set(stream.meta.path, stream)
    this.byId.set(stream.meta.id, stream)
  }

  drop(stream: Stream): void {
    stream.gone = true
    this.byId.delete(stream.meta.id)
    if (this.byPath.get(stream.meta.path) === stream) this.byPath.delete(stream.meta.path)
  }
}
