import type { MessageId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { openApi } from "../-app/api.ts"
import { type Outgoing, withdraw } from "../-app/outbox.ts"
import { problemOf } from "../-app/refusal.ts"
import { toast } from "../-app/toast.ts"

/** Messages that wait for the turn to end, and those on their way to the server. */
export function Queue(props: {
  readonly sessionId: SessionId
  readonly queue: Session["queue"]
  readonly outgoing: readonly Outgoing[]
}) {
  const { sessionId, queue, outgoing } = props
  if (queue.length + outgoing.length === 0) return null
  return (
    <section aria-label="Queued messages" className="shrink-0 border-t border-line bg-raised">
      <ul className="mx-auto max-h-40 max-w-[76ch] overflow-y-auto px-3 py-1 text-row sm:px-4">
        {queue.map(({ messageId, text }) => (
          <li key={messageId} className="flex min-h-7 items-center gap-2">
            <span className="shrink-0 text-note text-quiet">queued</span>
            <span className="min-w-0 flex-1 truncate">{text}</span>
            <button
              type="button"
              className="shrink-0 text-note underline underline-offset-2 touch:min-h-11"
              onClick={() => void takeBack(sessionId, messageId)}
            >
              Take back
            </button>
          </li>
        ))}
        {outgoing.map((entry) => (
          <li key={entry.key} className="flex min-h-7 items-center gap-2">
            <OutgoingNote entry={entry} sessionId={sessionId} />
            <span className="min-w-0 truncate">{entry.text}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

async function takeBack(sessionId: SessionId, messageId: MessageId): Promise<void> {
  const api = openApi(location.origin)
  toast((await problemOf(api.withdraw({ sessionId, messageId }))) ?? "Taken back")
}

/** What is known about a message that the session does not show yet. */
export function OutgoingNote(props: { readonly entry: Outgoing; readonly sessionId: SessionId }) {
  const { entry, sessionId } = props
  if (entry.state === "sending") return <span className="shrink-0 text-note text-quiet">sending…</span>
  if (entry.state === "sent") return <span className="shrink-0 text-note text-quiet">sent</span>
  return (
    <span className="flex shrink-0 items-center gap-2 text-note">
      <span className={entry.state === "refused" ? "text-fail" : "text-needs"} role="status">
        {entry.state === "refused" ? `not sent: ${entry.problem}` : "will be sent when the server is back"}
      </span>
      <button
        type="button"
        className="underline underline-offset-2 touch:min-h-11"
        onClick={() => withdraw(sessionId, entry.key)}
      >
        {entry.state === "refused" ? "Dismiss" : "Withdraw"}
      </button>
    </span>
  )
}
