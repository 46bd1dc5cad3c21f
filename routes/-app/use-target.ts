/** Brings the event that an address names into view, once, loading what lies before it. */
import { type RefObject, useEffect, useState } from "react"
import type { SessionId } from "#streams/ids"
import type { Item } from "#streams/session"
import type { TranscriptHandle } from "../-components/transcript.tsx"
import { askFor } from "./live.ts"

export function useTarget(props: {
  readonly sessionId: SessionId
  readonly items: readonly Item[]
  readonly hasMore: boolean
  readonly transcript: RefObject<TranscriptHandle | null>
  readonly target: number | null
}): (seq: number) => void {
  const { sessionId, items, hasMore, transcript, target } = props
  const [pending, setPending] = useState(target)
  useEffect(() => setPending(target), [target])
  const first = items.find(({ type }) => type !== "user")?.seq ?? items[0]?.seq
  const here = pending !== null && first !== undefined && (first <= pending || !hasMore)
  useEffect(() => {
    if (pending !== null && first !== undefined && !here) askFor(sessionId, pending)
  }, [pending, first, here, sessionId])
  useEffect(() => {
    if (pending === null || !here) return
    // After the transcript itself has drawn and gone to its end.
    const frame = requestAnimationFrame(() => {
      transcript.current?.toSeq(pending)
      setPending(null)
    })
    return () => cancelAnimationFrame(frame)
  }, [pending, here, transcript])
  return setPending
}
