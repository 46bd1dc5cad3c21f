import type { Draft } from "./draft.ts"
import { isExpired, type StreamMeta } from "./stream-meta.ts"
import { presentStream } from "./visible.ts"

/** Deletes a stream. While forks read through it, it is only hidden. */
export function removeStream(draft: Draft, path: string): void {
  hideOrRemove(draft, presentStream(draft, path))
}

/** Deletes a stream if its time is over when its turn comes. */
export function removeExpired(draft: Draft, path: string): boolean {
  const meta = draft.find(path)
  if (!meta || meta.hidden || !isExpired(meta, draft.now)) return false
  hideOrRemove(draft, meta)
  return true
}

export function hideOrRemove(draft: Draft, meta: StreamMeta): void {
  if (meta.forks > 0) {
    draft.update({ ...meta, hidden: true })
    return
  }
  draft.remove(meta)
  const source = meta.fork && draft.byId(meta.fork.source)
  if (!source) return
  const released = draft.update({ ...source, forks: Math.max(0, source.forks - 1) })
  if (released.hidden && released.forks === 0) hideOrRemove(draft, released)
}
