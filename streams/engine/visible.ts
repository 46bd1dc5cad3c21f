import type { Draft } from "./draft.ts"
import { Refusal } from "./refusal.ts"
import { isExpired, type StreamMeta } from "./stream-meta.ts"

/** The stream a request names, or a `Refusal` that says why there is none. */
export function presentStream(draft: Draft, path: string): StreamMeta {
  return visible(draft.find(path), draft.now)
}

export function visible(meta: StreamMeta | undefined, now: number): StreamMeta {
  if (!meta) throw notFound()
  const expired = isExpired(meta, now)
  if (meta.hidden || (expired && meta.forks > 0)) {
    throw new Refusal("stream_gone", "The stream was deleted; only its forks still read it.")
  }
  if (expired) throw notFound()
  return meta
}

const notFound = () => new Refusal("stream_not_found", "There is no such stream. Create it with PUT.")
