/** Everything the engine knows about one stream, apart from its messages and its producers. */
export interface StreamMeta {
  readonly id: number
  readonly path: string
  readonly contentType: string
  /** Position of the next record; what a fork inherited counts. */
  readonly next: number
  readonly bytes: number
  readonly closed: boolean
  readonly closedBy: ClosingProducer | null
  /** The highest `Stream-Seq` so far. */
  readonly lastSeq: string | null
  readonly ttlSeconds: number | null
  readonly expiresAt: string | null
  readonly createdAt: number
  readonly accessedAt: number
  readonly fork: Fork | null
  /** How many forks read through this stream. While there are any, a delete only hides it. */
  readonly forks: number
  readonly hidden: boolean
}

export type AppendedFields = Pick<
  StreamMeta,
  "next" | "bytes" | "closed" | "closedBy" | "lastSeq" | "accessedAt"
>

/** A stream after an append. Every field by name: that is several times faster than spreading. */
export const withAppend = (meta: StreamMeta, changed: AppendedFields): StreamMeta => ({
  id: meta.id,
  path: meta.path,
  contentType: meta.contentType,
  next: changed.next,
  bytes: changed.bytes,
  closed: changed.closed,
  closedBy: changed.closedBy,
  lastSeq: changed.lastSeq,
  ttlSeconds: meta.ttlSeconds,
  expiresAt: meta.expiresAt,
  createdAt: meta.createdAt,
  accessedAt: changed.accessedAt,
  fork: meta.fork,
  forks: meta.forks,
  hidden: meta.hidden,
})

interface ClosingProducer {
  readonly producer: string
  readonly epoch: number
  readonly seq: number
}

export interface Fork {
  readonly source: number
  readonly from: string
  /** Records before this position are the source's. */
  readonly at: number
  /** What the request named, kept to recognise the same request again. */
  readonly sub: number
}

export interface ProducerState {
  readonly epoch: number
  readonly seq: number
}

/** Up to so many producers lie in the stream's own row, further ones each in a row of their own. */
export const PRODUCERS_IN_ROW = 4

export type Producers = ReadonlyMap<string, ProducerState>

/** JSON, put together by hand: it is written with every append. */
export function encodeMeta(meta: StreamMeta, producers: Producers | null): string {
  const { closedBy, fork } = meta
  const closing = closedBy && [closedBy.producer, closedBy.epoch, closedBy.seq]
  const source = fork && [fork.source, fork.from, fork.at, fork.sub]
  return (
    `[${quoted(meta.path)},${quoted(meta.contentType)},${meta.next},${meta.bytes},` +
    `${meta.closed ? 1 : 0},${closing && JSON.stringify(closing)},${orNull(meta.lastSeq)},` +
    `${meta.ttlSeconds},${orNull(meta.expiresAt)},${meta.createdAt},${meta.accessedAt},` +
    `${source && JSON.stringify(source)},${meta.forks},${meta.hidden ? 1 : 0},${producers && listOf(producers)}]`
  )
}

const PLAIN = /^[ !#-[\]-~]*$/

/** `JSON.stringify`, which is slow for a text that only needs its quotes. */
const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

const orNull = (text: string | null) => (text === null ? null : quoted(text))

function listOf(producers: Producers): string {
  let list = ""
  for (const [name, { epoch, seq }] of producers) {
    list += `${list === "" ? "" : ","}[${quoted(name)},${epoch},${seq}]`
  }
  return `[${list}]`
}

/** The counterpart of `encodeMeta`; the row's checksum has been verified before. */
export function decodeMeta(
  id: number,
  row: Buffer,
): { meta: StreamMeta; producers: Map<string, ProducerState> } {
  const [
    path,
    contentType,
    next,
    bytes,
    closed,
    closedBy,
    lastSeq,
    ttl,
    expires,
    created,
    accessed,
    fork,
    forks,
    hidden,
    inRow,
  ] = JSON.parse(row.toString())
  const meta: StreamMeta = {
    id,
    path,
    contentType,
    next,
    bytes,
    closed: closed === 1,
    closedBy: closedBy && { producer: closedBy[0], epoch: closedBy[1], seq: closedBy[2] },
    lastSeq,
    ttlSeconds: ttl,
    expiresAt: expires,
    createdAt: created,
    accessedAt: accessed,
    fork: fork && { source: fork[0], from: fork[1], at: fork[2], sub: fork[3] },
    forks,
    hidden: hidden === 1,
  }
  const producers = new Map<string, ProducerState>()
  for (const [name, epoch, seq] of inRow ?? []) producers.set(name, { epoch, seq })
  return { meta, producers }
}

export const encodeProducer = (state: ProducerState): string => `[${state.epoch},${state.seq}]`

export function decodeProducer(row: Buffer): ProducerState {
  const [epoch, seq] = JSON.parse(row.toString())
  return { epoch, seq }
}

/** A time to live slides with every read and write; an expiry date does not. */
export function isExpired(meta: StreamMeta, now: number): boolean {
  if (meta.expiresAt !== null && now >= Date.parse(meta.expiresAt)) return true
  return meta.ttlSeconds !== null && now >= meta.accessedAt + meta.ttlSeconds * 1000
}

const known = new Map<string, string>()

/** `Text/Plain; charset=utf-8` and `text/plain` are one media type. */
export function mediaType(contentType: string): string {
  let type = known.get(contentType)
  if (type === undefined) {
    const semicolon = contentType.indexOf(";")
    type = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
    // Clients send few different ones; whoever sends many shall not fill the memory.
    if (known.size < 100) known.set(contentType, type)
  }
  return type
}

export const isJson = (meta: StreamMeta): boolean => mediaType(meta.contentType) === "application/json"
