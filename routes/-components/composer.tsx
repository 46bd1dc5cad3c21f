import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useRef } from "react"
import type { SendMode } from "#streams/command"
import type { SlashCommand } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { isMac, useCommands, useKeysOf } from "../-app/commands.ts"
import { useDraft } from "../-app/draft.ts"
import { readableKeys } from "../-app/keys.ts"
import type { Outgoing } from "../-app/outbox.ts"
import { useSettings } from "../-app/settings.ts"
import { useAttached } from "../-app/use-attached.ts"
import { AttachButton, AttachedFiles, takesFiles } from "./attachments.tsx"
import { useCompleting } from "./completing.tsx"

const hintOf = (keys: string | undefined) => (keys === undefined ? "" : ` (${readableKeys(keys, isMac())})`)

const phone = () => matchMedia("(pointer: coarse)").matches

/**
 * Where a message is typed. Enter sends or queues, Ctrl+Enter steers, Ctrl+Shift+Enter interrupts. On a phone Enter
 * is a new line and the buttons send.
 */
export function Composer(props: {
  readonly sessionId: SessionId
  readonly running: boolean
  readonly away: boolean
  readonly stopping: boolean
  readonly focusAtFirst: boolean
  readonly slashCommands: readonly SlashCommand[]
  readonly files: () => readonly string[]
  readonly onSend: (message: Pick<Outgoing, "text" | "mode" | "attached">) => void
  readonly onStop: () => void
  readonly children?: ReactNode
}) {
  const { sessionId, running, away, stopping, focusAtFirst, onSend, onStop } = props
  const { enter } = useSettings()
  const steerKeys = hintOf(useKeysOf("steer"))
  const interruptKeys = hintOf(useKeysOf("interrupt"))
  const [text, setText] = useDraft(sessionId)
  const box = useRef<HTMLTextAreaElement>(null)
  const files = useAttached()
  const completing = useCompleting({
    box,
    text,
    onText: setText,
    commands: props.slashCommands,
    mentioned: props.files,
    files: { sessionId },
    className: "bottom-full left-1/2 mb-1 w-[min(40rem,calc(100%-1rem))] -translate-x-1/2",
  })

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

  const send = (mode: SendMode) => {
    if (text.trim() === "" || files.busy > 0) return
    onSend({ text, mode, attached: files.attached })
    setText("")
    files.clear()
    completing.close()
  }
  useCommands("part", [
    {
      id: "compose",
      group: "Answer",
      title: "Write a message",
      run: () => box.current?.focus(),
    },
    {
      id: "steer",
      group: "Answer",
      title: running ? "Steer: into the running turn" : "Send",
      whileTyping: true,
      run: () => send(running ? "steer" : "queue"),
    },
    {
      id: "interrupt",
      group: "Answer",
      title: "Interrupt: stop the turn and send",
      whileTyping: true,
      run: () => send(running ? "interrupt" : "queue"),
    },
  ])

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const { key, shiftKey, ctrlKey, metaKey } = event
    if (event.nativeEvent.isComposing || completing.onKey(event)) return
    if (key === "Escape") {
      const dock = document.getElementById("approval-dock")
      if (dock) dock.focus()
      else event.currentTarget.blur()
    }
    if (key !== "Enter" || ctrlKey || metaKey || phone()) return
    if (shiftKey === (enter === "send")) return
    event.preventDefault()
    send("queue")
  }

  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        send("queue")
      }}
      className="relative shrink-0 border-t border-line bg-paper pb-[env(safe-area-inset-bottom)]"
      {...takesFiles(files.add)}
    >
      {completing.list}
      <div className="mx-auto flex max-w-[80ch] flex-wrap items-end gap-2 px-3 py-2 sm:px-4">
        <AttachedFiles files={files.attached} busy={files.busy} onRemove={files.remove} />
        <AttachButton onFiles={files.add} />
        <textarea
          ref={box}
          rows={1}
          className="field max-h-[40dvh] min-h-9 min-w-40 flex-1 resize-none leading-5 touch:min-h-11"
          aria-label="Message"
          {...completing.attributes}
          enterKeyHint={phone() ? "enter" : "send"}
          placeholder={away ? "Sent once the server is back" : running ? "Queue a message" : "Message"}
          value={text}
          onChange={({ target }) => completing.typed(target)}
          onKeyDown={onKeyDown}
        />
        <div className="flex gap-2 max-sm:ml-auto">
          {running && (
            <button type="button" className="control h-9" disabled={stopping || away} onClick={onStop}>
              {stopping ? "Stopping…" : "Stop"}
            </button>
          )}
          {running && text.trim() !== "" && (
            <>
              <button
                type="button"
                className="control h-9"
                title={`Stops the turn and sends this instead${interruptKeys}`}
                onClick={() => send("interrupt")}
              >
                Interrupt
              </button>
              <button
                type="button"
                className="control h-9"
                title={`Tells the agent at once, where it can listen amid a turn${steerKeys}`}
                onClick={() => send("steer")}
              >
                Steer
              </button>
            </>
          )}
          <button type="submit" className="control control-accent h-9" disabled={text.trim() === ""}>
            {running ? "Queue" : "Send"}
          </button>
        </div>
        {props.children && <div className="flex basis-full flex-wrap gap-x-4 gap-y-1">{props.children}</div>}
      </div>
    </form>
  )
}
