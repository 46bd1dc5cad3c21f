import { type Catalog, Delta, FORMAT, newStream, type Stream } from "./catalog.ts"
import { controlKey, messageKey, producerKey, streamKey, trashKey } from "./keys.ts"
import { CONTINUES, type OpenedRecord, openRecord, sealRecord, sealText } from "./record.ts"
import type { Store, Writes } from "./store.ts"
import {
  encodeMeta,
  encodeProducer,
  PRODUCERS_IN_ROW,
  type ProducerState,
  type Producers,
  type StreamMeta,
} from "./stream-meta.ts"

/** The parts of one append: each becomes a record, all of them together or none. */
export type Payloads = readonly Uint8Array[]

interface Touched {
  readonly stream: Stream
  meta: StreamMeta
  gone: boolean
  created: boolean
  /** Those that changed, if any did. */
  producers: Map<string, ProducerState> | null
  /** Sealed, in the order they were appended. */
  readonly rows: Buffer[]
}

/**
 * A transaction in the making. Operations read the streams as they will be after those before them, and
 * stage what they change; memory changes in `apply`, once the store has committed.
 * An operation must have judged its whole request before it stages anything.
 */
export class Draft {
  readonly now: number
  readonly #catalog: Catalog
  readonly #store: Store
  readonly #touched = new Map<Stream, Touched>()
  readonly #paths = new Map<string, Stream | undefined>()
  readonly #ids = new Map<number, Stream>()
  readonly #messages: (readonly [Buffer, Buffer | null])[] = []
  readonly #rows = new Map<string, readonly [Buffer, Buffer | null]>()
  readonly #trash = new Map<number, "add" | "remove">()
  readonly #control = new Map<string, Buffer | null>()
  /** The stream asked about last, and what is staged for it: an operation asks about one stream several times. */
  #stream: Stream | undefined
  #staged: Touched | undefined
  #nextId: number
  #bytes = 0

  constructor(catalog: Catalog, store: Store, now: number) {
    this.#catalog = catalog
    this.#store = store
    this.#nextId = catalog.nextId
    this.now = now
  }

  find(path: string): StreamMeta | undefined {
    const stream = this.#paths.has(path) ? this.#paths.get(path) : this.#catalog.byPath.get(path)
    return stream && this.#metaOf(stream)
  }

  byId(id: number): StreamMeta | undefined {
    const stream = this.#streamOf(id)
    return stream && !this.#touchedOf(stream)?.gone ? this.#metaOf(stream) : undefined
  }

  producer(id: number, name: string): ProducerState | undefined {
    const stream = this.#streamOf(id)
    return stream && (this.#touchedOf(stream)?.producers?.get(name) ?? stream.producers.get(name))
  }

  producerCount(id: number): number {
    return this.#streamOf(id)?.producers.size ?? 0
  }

  message(id: number, position: number): OpenedRecord {
    const stream = this.#streamOf(id)
    const touched = stream && this.#touchedOf(stream)
    const staged = touched?.rows[position - touched.meta.next + touched.rows.length]
    return staged
      ? openRecord(messageKey(id, position), staged, () => "A record")
      : this.#store.readMessage(id, position)
  }

  create(fields: Omit<StreamMeta, "id">): StreamMeta {
    const meta: StreamMeta = { ...fields, id: this.#nextId++ }
    const stream = newStream(meta)
    this.#paths.set(meta.path, stream)
    this.#ids.set(meta.id, stream)
    this.#touch(stream).created = true
    this.setControl("next-id", Buffer.from(String(this.#nextId)))
    if (!this.#catalog.control.has("format")) this.setControl("format", Buffer.from(FORMAT))
    return meta
  }

  update(meta: StreamMeta): StreamMeta {
    const stream = this.#streamOf(meta.id)
    if (stream) this.#touch(stream).meta = meta
    return meta
  }

  append(meta: StreamMeta, payloads: Payloads): StreamMeta {
    const bytes = meta.bytes + this.push(meta, payloads)
    return this.update({ ...meta, next: meta.next + payloads.length, bytes })
  }

  /** Stages records behind the stream's last one and returns their bytes. The caller updates the meta. */
  push({ id, next }: StreamMeta, payloads: Payloads): number {
    const stream = this.#streamOf(id)
    if (!stream) return 0
    const { rows } = this.#touch(stream)
    let bytes = 0
    let position = next
    for (const payload of payloads) {
      const key = messageKey(id, position)
      const row = sealRecord(key, payload, position > next ? CONTINUES : 0)
      this.#messages.push([key, row])
      rows.push(row)
      this.#bytes += row.length
      bytes += payload.length
      position++
    }
    return bytes
  }

  setProducer(id: number, name: string, state: ProducerState): void {
    const stream = this.#streamOf(id)
    if (!stream) return
    const touched = this.#touch(stream)
    touched.producers ??= new Map()
    touched.producers.set(name, state)
  }

  /** Removes the stream; its messages go to the trash, to be swept in small transactions. */
  remove(meta: StreamMeta): void {
    const stream = this.#streamOf(meta.id)
    if (!stream) return
    this.#touch(stream).gone = true
    this.#paths.set(meta.path, undefined)
    this.#trash.set(meta.id, "add")
  }

  /** Removes rows a deleted stream left; `last` when nothing of it remains. */
  sweep(id: number, rows: { readonly messages: Buffer[]; readonly state: Buffer[] }, last: boolean): void {
    for (const key of rows.messages) this.#messages.push([key, null])
    for (const key of rows.state) this.#rows.set(key.toString("latin1"), [key, null])
    if (last) this.#trash.set(id, "remove")
  }

  control(name: string): Buffer | undefined {
    return this.#control.has(name) ? (this.#control.get(name) ?? undefined) : this.#catalog.control.get(name)
  }

  setControl(name: string, value: Buffer | null): void {
    this.#control.set(name, value)
  }

  /** Everything staged so far, sealed. */
  writes(): Writes {
    const state = [...this.#rows.values()]
    const put = (key: Buffer, payload: Buffer | null) =>
      state.push([key, payload && sealRecord(key, payload)])
    const putText = (key: Buffer, text: string) => state.push([key, sealText(key, text)])
    for (const touched of this.#touched.values()) {
      const { stream, meta, gone, created, producers } = touched
      if (gone) {
        if (!created) put(streamKey(meta.id), null)
        continue
      }
      const inRow = producersInRow(touched)
      putText(streamKey(meta.id), encodeMeta(meta, inRow))
      if (inRow || producers === null) continue
      const moving =
        stream.producers.size <= PRODUCERS_IN_ROW ? [...stream.producers, ...producers] : producers
      for (const [name, producer] of new Map(moving))
        putText(producerKey(meta.id, name), encodeProducer(producer))
    }
    for (const [id, change] of this.#trash) put(trashKey(id), change === "add" ? Buffer.alloc(0) : null)
    for (const [name, value] of this.#control) put(controlKey(name), value)
    return { messages: this.#messages, state, bytes: this.#bytes }
  }

  /** Brings memory up to what was committed, and returns what live readers must hear. */
  apply(): ReadonlyArray<readonly [Stream, Delta]> {
    const deltas: (readonly [Stream, Delta])[] = []
    for (const [stream, { meta, gone, created, producers, rows }] of this.#touched) {
      stream.meta = meta
      if (producers) for (const [name, producer] of producers) stream.producers.set(name, producer)
      if (gone) this.#catalog.drop(stream)
      else if (created) this.#catalog.add(stream)
      deltas.push([stream, new Delta(meta, rows, gone)])
    }
    for (const [id, change] of this.#trash) {
      if (change === "add") this.#catalog.trash.add(id)
      else this.#catalog.trash.delete(id)
    }
    for (const [name, value] of this.#control) {
      if (value) this.#catalog.control.set(name, value)
      else this.#catalog.control.delete(name)
    }
    this.#catalog.nextId = this.#nextId
    return deltas
  }

  #metaOf(stream: Stream): StreamMeta {
    return this.#touchedOf(stream)?.meta ?? stream.meta
  }

  #streamOf(id: number): Stream | undefined {
    if (this.#stream?.meta.id === id) return this.#stream
    return this.#ids.get(id) ?? this.#catalog.byId.get(id)
  }

  #touchedOf(stream: Stream): Touched | undefined {
    if (stream !== this.#stream) {
      this.#stream = stream
      this.#staged = this.#touched.get(stream)
    }
    return this.#staged
  }

  #touch(stream: Stream): Touched {
    const known = this.#touchedOf(stream)
    if (known) return known
    const touched: Touched = {
      stream,
      meta: stream.meta,
      gone: false,
      created: false,
      producers: null,
      rows: [],
    }
    this.#touched.set(stream, touched)
    this.#staged = touched
    return touched
  }
}

/** All producers of a stream while they are few, else `null`: then each has a row. */
function producersInRow({ stream, producers }: Touched): Producers | null {
  if (stream.producers.size > PRODUCERS_IN_ROW) return null
  if (producers === null) return stream.producers
  if (stream.producers.size === 0) return producers.size > PRODUCERS_IN_ROW ? null : producers
  if (producers.size === stream.producers.size && haveSameNames(producers, stream.producers)) return producers
  const all = new Map([...stream.producers, ...producers])
  return all.size > PRODUCERS_IN_ROW ? null : all
}

function haveSameNames(some: Producers, others: Producers): boolean {
  for (const name of some.keys()) if (!others.has(name)) return false
  return true
}
