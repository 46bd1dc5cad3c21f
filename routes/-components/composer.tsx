import { type FormEvent, useEffect, useRef } from "react"
import type { SessionId } from "#streams/ids"
import { useDraft } from "../-app/draft.ts"

const phone = () => matchMedia("(pointer: coarse)").matches

/** Where a message is typed. Enter sends; on a phone Enter is a new line and the button sends. */
export function Composer(props: {
  readonly sessionId: SessionId
  readonly running: boolean
  readonly away: boolean
  readonly stopping: boolean
  readonly focusAtFirst: boolean
  readonly onSend: (text: string) => void
  readonly onStop: () => void
}) {
  const { sessionId, running, away, stopping, focusAtFirst, onSend, onStop } = props
  const [text, setText] = useDraft(sessionId)
  const box = useRef<HTMLTextAreaElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useEffect(() => {
    const area = box.current
    if (!area) return
    area.style.height = "auto"
    area.style.height = `${Math.min(area.scrollHeight + 2, innerHeight * 0.4)}px`
  }, [text])

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when a session is opened
  useEffect(() => {
    if (focusAtFirst && !phone()) box.current?.focus({ preventScroll: true })
  }, [sessionId])

  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (text.trim() === "") return
    onSend(text)
    setText("")
  }

  return (
    <form onSubmit={send} className="shrink-0 border-t border-line bg-paper pb-[env(safe-area-inset-bottom)]">
      <div className="mx-auto flex max-w-[76ch] items-end gap-2 px-3 py-2 sm:px-4">
        <textarea
          ref={box}
          rows={1}
          className="field max-h-[40dvh] min-h-9 resize-none leading-5 touch:min-h-11"
          aria-label="Message"
          enterKeyHint={phone() ? "enter" : "send"}
          placeholder={away ? "Sent once the server is back" : running ? "Queue a message" : "Message"}
          value={text}
          onChange={({ target: { value } }) => setText(value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              const dock = document.getElementById("approval-dock")
              if (dock) dock.focus()
              else event.currentTarget.blur()
            }
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || phone()) return
            event.preventDefault()
            send()
          }}
        />
        {running && (
          <button type="button" className="control h-9" disabled={stopping || away} onClick={onStop}>
            {stopping ? "Stopping…" : "Stop"}
          </button>
        )}
        <button type="submit" className="control control-accent h-9" disabled={text.trim() === ""}>
          {running ? "Queue" : "Send"}
        </button>
      </div>
    </form>
  )
}
