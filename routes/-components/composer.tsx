import clsx from "clsx"
import { Paperclip } from "lucide-react"
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react"
import type { SendMode } from "#streams/command"
import type { SlashCommand } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { type Attached, attachFile, MOST_FILES } from "../-app/attach.ts"
import { useCommands } from "../-app/commands.ts"
import { completionAt } from "../-app/completion.ts"
import { useDraft } from "../-app/draft.ts"
import { plainText } from "../-app/hidden-characters.ts"
import type { Outgoing } from "../-app/outbox.ts"
import { useSettings } from "../-app/settings.ts"
import { toast } from "../-app/toast.ts"
import { AttachedFiles } from "./attachments.tsx"

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
  const id = useId()
  const { enter } = useSettings()
  const [text, setText] = useDraft(sessionId)
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const box = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const files = useAttached()
  const completion =
    open && completionAt(text, caret, { commands: props.slashCommands, files: props.files() })
  const suggestions = completion ? completion.suggestions : []
  const current = Math.min(at, suggestions.length - 1)

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
    setOpen(false)
  }
  useCommands("part", [
    {
      id: "compose",
      group: "Answer",
      title: "Write a message",
      keys: "i",
      run: () => box.current?.focus(),
    },
    {
      id: "steer",
      group: "Answer",
      title: running ? "Steer: into the running turn" : "Send",
      keys: "Mod+Enter",
      whileTyping: true,
      run: () => send(running ? "steer" : "queue"),
    },
    {
      id: "interrupt",
      group: "Answer",
      title: "Interrupt: stop the turn and send",
      keys: "Mod+Shift+Enter",
      whileTyping: true,
      run: () => send(running ? "interrupt" : "queue"),
    },
  ])

  const complete = (index: number) => {
    const suggestion = suggestions[index]
    if (!completion || !suggestion) return
    const next = text.slice(0, completion.from) + suggestion.text + text.slice(completion.to)
    const place = completion.from + suggestion.text.length
    setText(next)
    setOpen(false)
    requestAnimationFrame(() => {
      box.current?.focus()
      box.current?.setSelectionRange(place, place)
    })
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const { key, shiftKey, ctrlKey, metaKey } = event
    if (event.nativeEvent.isComposing) return
    if (suggestions.length > 0) {
      const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0
      if (step !== 0) setAt((current + step + suggestions.length) % suggestions.length)
      else if (key === "Tab" || (key === "Enter" && !shiftKey)) complete(current)
      else if (key === "Escape") setOpen(false)
      else return
      event.preventDefault()
      return
    }
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
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        void files.add(event.dataTransfer.files)
      }}
    >
      {suggestions.length > 0 && (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label="Suggestions"
          className="absolute bottom-full left-1/2 z-10 mb-1 max-h-64 w-[min(40rem,calc(100%-1rem))] -translate-x-1/2 overflow-y-auto rounded-md border border-line-strong bg-paper p-1 shadow-md"
        >
          {suggestions.map((suggestion, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's
            // biome-ignore lint/a11y/useFocusableInteractive: the box keeps the focus and names the option
            <div
              key={suggestion.text}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === current}
              className={clsx(
                "flex cursor-pointer items-center gap-3 rounded px-2 py-1 text-row touch:min-h-11",
                index === current && "bg-sunken",
              )}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => complete(index)}
            >
              <span className="min-w-0 truncate font-mono text-note">{plainText(suggestion.text)}</span>
              <span className="min-w-0 flex-1 truncate text-quiet">{plainText(suggestion.detail)}</span>
            </div>
          ))}
        </div>
      )}
      <div className="mx-auto flex max-w-[80ch] flex-wrap items-end gap-2 px-3 py-2 sm:px-4">
        <AttachedFiles files={files.attached} busy={files.busy} onRemove={files.remove} />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ target }) => {
            if (target.files) void files.add(target.files)
            target.value = ""
          }}
        />
        <button
          type="button"
          className="grid size-9 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
          aria-label="Attach files"
          onClick={() => picker.current?.click()}
        >
          <Paperclip size={16} aria-hidden />
        </button>
        <textarea
          ref={box}
          rows={1}
          className="field max-h-[40dvh] min-h-9 min-w-40 flex-1 resize-none leading-5 touch:min-h-11"
          aria-label="Message"
          {...(suggestions.length > 0 && {
            "aria-controls": `${id}-list`,
            "aria-activedescendant": `${id}-${current}`,
          })}
          enterKeyHint={phone() ? "enter" : "send"}
          placeholder={away ? "Sent once the server is back" : running ? "Queue a message" : "Message"}
          value={text}
          onChange={({ target }) => {
            setText(target.value)
            setCaret(target.selectionStart)
            setOpen(true)
            setAt(0)
          }}
          onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
          onBlur={() => setOpen(false)}
          onPaste={(event) => {
            if (event.clipboardData.files.length === 0) return
            event.preventDefault()
            void files.add(event.clipboardData.files)
          }}
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
                title="Stops the turn and sends this instead (Ctrl Shift Enter)"
                onClick={() => send("interrupt")}
              >
                Interrupt
              </button>
              <button
                type="button"
                className="control h-9"
                title="Tells the agent at once, where it can listen amid a turn (Ctrl Enter)"
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

/** Files of the message that is being written. They are uploaded at once, so that sending it takes no time. */
function useAttached() {
  const [attached, setAttached] = useState<readonly Attached[]>([])
  const [busy, setBusy] = useState(0)
  const add = async (list: FileList) => {
    const chosen = [...list].slice(0, MOST_FILES - attached.length)
    setBusy((count) => count + chosen.length)
    for (const file of chosen) {
      try {
        const one = await attachFile(file)
        setAttached((before) => [...before, one])
      } catch (error) {
        toast(error instanceof Error ? error.message : String(error))
      }
      setBusy((count) => count - 1)
    }
  }
  return {
    attached,
    busy,
    add,
    remove: (uploadId: string) =>
      setAttached((before) => before.filter((each) => each.uploadId !== uploadId)),
    clear: () => setAttached([]),
  }
}
