/**
 * Keeps the session's own row in the registry true: at once when its status changes, else at most every three seconds.
 * The row is the latest fold, so only the newest one is ever worth sending.
 */
import { newEventId, type SessionId } from "./ids.ts"
import { paths } from "./paths.ts"
import { activityOf, activityRowChange } from "./registry.ts"
import type { Session } from "./session.ts"
import { appendAs } from "./stream.ts"
import { type FindEndpoint, StreamError } from "./transport.ts"

const AT_MOST_EVERY_MS = 3000

export interface ActivityWriter {
  /** The session or the place in its inbox has changed. */
  changed(session: Session, inboxOffset: string): void
  /** Resolves when the newest row is in the registry, or its writer was fenced. */
  flushed(): Promise<void>
}

export function activityWriter(
  endpoint: FindEndpoint,
  {
    sessionId,
    epoch,
    signal,
    acknowledged = () => Promise.resolve(),
  }: {
    readonly sessionId: SessionId
    readonly epoch: number
    readonly signal: AbortSignal
    /** Resolves when the session's stream has its events up to this one: no row is ever ahead of them. */
    readonly acknowledged?: (seq: number) => Promise<void>
  },
): ActivityWriter {
  let next: { session: Session; inboxOffset: string } | null = null
  let shown = ""
  let seq = 0
  let timer: ReturnType<typeof setTimeout> | null = null
  let sending: Promise<void> | null = null
  let fenced = false

  async function send(): Promise<void> {
    while (next && !fenced) {
      const { session, inboxOffset } = next
      next = null
      await acknowledged(session.seq)
      const row = activityRowChange(activityOf({ ...session, epoch }, inboxOffset))
      const body = JSON.stringify([{ ...row, headers: { ...row.headers, txid: newEventId() } }])
      await appendAs({ id: sessionId, epoch, seq: seq++ }, endpoint, paths.registry, { signal, body })
    }
  }

  const start = () => {
    if (timer) clearTimeout(timer)
    timer = null
    sending ??= send()
      // A row is a summary of events that are safe elsewhere. Whoever fenced this writer writes the next one.
      .catch((error: unknown) => {
        if (!(error instanceof StreamError) && !signal.aborted) throw error
        fenced = true
      })
      .finally(() => {
        sending = null
        if (next && !fenced) start()
      })
  }

  return {
    changed(session, inboxOffset) {
      next = { session, inboxOffset }
      const showing = `${session.status} ${session.approvals.length} ${session.queue.length} ${session.limit?.resumes}`
      if (showing !== shown) start()
      else timer ??= setTimeout(start, AT_MOST_EVERY_MS)
      shown = showing
    },
    async flushed() {
      if (next) start()
      while (sending) await sending
    },
  }
}
