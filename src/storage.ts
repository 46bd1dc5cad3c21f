/**
 * Whether what sessions say reaches their streams. Asked of the living daemons and of the stream server's run files,
 * never of the stream server itself: that one may be away.
 */
import { sentenceOf } from "#daemon/stream-server/ensure"
import { type Trouble, troubleOf } from "#daemon/stream-server/setbacks"
import type { SessionId } from "#streams/ids"
import { livenessOf, withRunFile } from "./liveness.ts"

export interface Behind {
  readonly sessionId: SessionId
  readonly reason: string
  /** What waits in its spool. */
  readonly events: number
  readonly bytes: number
}

export interface StorageReport {
  /** Our own stream server ends again and again. */
  readonly trouble: Trouble | null
  /** Living sessions whose events wait. */
  readonly behind: readonly Behind[]
}

export async function storageReport(home: string): Promise<StorageReport> {
  const found = await Promise.all(
    withRunFile(home).map(async (sessionId) => {
      const living = await livenessOf(home, sessionId)
      const { behind = false, ...rest } = (living.state === "alive" && living.storage) || {}
      return behind ? [{ sessionId, reason: "", events: 0, bytes: 0, ...rest }] : []
    }),
  )
  return { trouble: troubleOf(home), behind: found.flat() }
}

/** One sentence for a person; empty when all is well. */
export function storageSentence({ trouble, behind }: StorageReport): string {
  const sentences: string[] = []
  if (trouble !== null && trouble.failures > 0) sentences.push(sentenceOf(trouble))
  const [first] = behind
  if (first !== undefined) {
    const bytes = behind.reduce((sum, one) => sum + one.bytes, 0)
    const who = behind.length === 1 ? `Session ${first.sessionId} goes` : `${behind.length} sessions go`
    sentences.push(
      `Storage is behind: ${first.reason} ${who} on meanwhile; what is said waits in the spool (${(bytes / 1e6).toFixed(1)} MB; from 67 MB in one on its agent waits, too).`,
    )
  }
  return sentences.join(" ")
}
