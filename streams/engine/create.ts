import { firstParts, recordsOf } from "./body.ts"
import type { Draft } from "./draft.ts"
import { CONTINUES } from "./record.ts"
import { Refusal } from "./refusal.ts"
import { hideOrRemove } from "./remove.ts"
import { type Fork, isExpired, mediaType, type StreamMeta } from "./stream-meta.ts"

export interface CreateRequest {
  readonly path: string
  readonly body: Buffer
  /** Left out by a fork that takes its source's. */
  readonly contentType: string | undefined
  readonly ttlSeconds: number | undefined
  readonly expiresAt: string | undefined
  readonly closed: boolean
  readonly fork: ForkRequest | undefined
}

export interface ForkRequest {
  readonly from: string
  /** Left out for the source's tail. */
  readonly at: number | undefined
  /** Messages (JSON) or bytes of the append that follows `at`, to begin inside it. */
  readonly sub: number
}

export interface Created {
  readonly meta: StreamMeta
  /** False when the same stream was there already. */
  readonly fresh: boolean
}

const DEFAULT_TYPE = "application/octet-stream"

/** Creates a stream, or confirms one with the same configuration. Throws a `Refusal` for any other. */
export function createStream(draft: Draft, request: CreateRequest): Created {
  const existing = draft.find(request.path)
  const expired = existing !== undefined && isExpired(existing, draft.now)
  if (existing && (existing.hidden || (expired && existing.forks > 0))) {
    throw new Refusal(
      "path_kept_by_forks",
      "The stream was deleted but forks still read it. Delete them first.",
    )
  }
  if (existing && !expired) return confirm(existing, request)

  const source = request.fork && sourceOf(draft, request.fork, request.contentType)
  const fork = source && request.fork ? forkAt(draft, source, request.fork) : null
  const contentType = request.contentType ?? source?.contentType ?? DEFAULT_TYPE
  const payloads = recordsOf({ contentType }, request.body)

  if (existing) hideOrRemove(draft, existing)
  // Read again: removing an expired stream may just have changed its source.
  const parent = source && draft.byId(source.id)
  if (parent) draft.update({ ...parent, forks: parent.forks + 1 })
  const inherits = request.ttlSeconds === undefined && request.expiresAt === undefined
  const created = draft.create({
    path: request.path,
    contentType,
    next: fork?.fork.at ?? 0,
    bytes: 0,
    closed: request.closed,
    closedBy: null,
    lastSeq: null,
    ttlSeconds: request.ttlSeconds ?? (inherits ? (source?.ttlSeconds ?? null) : null),
    expiresAt: request.expiresAt ?? (inherits ? (source?.expiresAt ?? null) : null),
    createdAt: draft.now,
    accessedAt: draft.now,
    fork: fork?.fork ?? null,
    forks: 0,
    hidden: false,
  })
  const prefixed = fork?.prefix ? draft.append(created, [fork.prefix]) : created
  return { meta: payloads.length > 0 ? draft.append(prefixed, payloads) : prefixed, fresh: true }
}

function confirm(existing: StreamMeta, request: CreateRequest): Created {
  const { fork } = request
  const same =
    (existing.fork?.from ?? null) === (fork?.from ?? null) &&
    (fork?.at === undefined || fork.at === existing.fork?.at) &&
    (fork?.sub ?? 0) === (existing.fork?.sub ?? 0) &&
    existing.closed === request.closed &&
    ((fork && request.contentType === undefined) ||
      mediaType(existing.contentType) === mediaType(request.contentType ?? DEFAULT_TYPE)) &&
    sameLifetime(existing, request)
  if (same) return { meta: existing, fresh: false }
  throw new Refusal("stream_differs", "The stream exists with another configuration. Choose another name.", {
    tail: existing.next,
    ...(existing.closed ? { closed: true } : {}),
  })
}

function sameLifetime(existing: StreamMeta, request: CreateRequest): boolean {
  const unsaid = request.ttlSeconds === undefined && request.expiresAt === undefined
  if (request.fork && unsaid) return true
  return (
    existing.ttlSeconds === (request.ttlSeconds ?? null) && existing.expiresAt === (request.expiresAt ?? null)
  )
}

function sourceOf(draft: Draft, fork: ForkRequest, contentType: string | undefined): StreamMeta {
  const source = draft.find(fork.from)
  if (source?.hidden) throw new Refusal("source_gone", "The source was deleted and takes no new forks.")
  if (!source || isExpired(source, draft.now)) {
    throw new Refusal("source_not_found", "There is no such source stream to fork.")
  }
  if (contentType !== undefined && mediaType(contentType) !== mediaType(source.contentType)) {
    throw new Refusal(
      "source_differs",
      `The source is ${source.contentType}. A fork has the type of its source.`,
    )
  }
  return source
}

function forkAt(
  draft: Draft,
  source: StreamMeta,
  request: ForkRequest,
): { fork: Fork; prefix: Buffer | null } {
  const at = request.at ?? source.next
  if (at > source.next) throw new Refusal("fork_offset_invalid", "The source has not as much to fork from.")
  const fork: Fork = { source: source.id, from: request.from, at, sub: request.sub }
  if (request.sub === 0) return { fork, prefix: null }
  const prefix = firstParts(source, appendAt(draft, source, at), request.sub)
  if (prefix === null || at === source.next) {
    throw new Refusal("fork_offset_invalid", "The append after the fork offset has not as many parts.")
  }
  return { fork, prefix }
}

/** All records of the append that begins at a position. */
function appendAt(draft: Draft, source: StreamMeta, at: number): Buffer[] {
  const records: Buffer[] = []
  for (let position = at; position < source.next; position++) {
    const { flags, payload } = draft.message(
      ownerOf(source, position, (id) => draft.byId(id)),
      position,
    )
    if (position > at && !(flags & CONTINUES)) break
    records.push(payload)
  }
  return records
}

/** Which stream holds a record that this one, perhaps a fork of a fork, shows at a position. */
function ownerOf(meta: StreamMeta, position: number, byId: (id: number) => StreamMeta | undefined): number {
  let owner = meta
  while (owner.fork && position < owner.fork.at) {
    const source = byId(owner.fork.source)
    if (!source) break
    owner = source
  }
  return owner.id
}
