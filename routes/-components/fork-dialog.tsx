import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, useId, useState } from "react"
import type { SessionId } from "#streams/ids"
import type { ItemOf } from "#streams/session"
import { openApi } from "../-app/api.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { refusalOf } from "../-app/refusal.ts"
import { Dialog } from "./dialog.tsx"
import { DialogForm } from "./dialog-form.tsx"
import { Field } from "./form-field.tsx"

/** A new session from before a message, which is said again there, as it was or otherwise. */
export default function ForkDialog(props: {
  readonly sessionId: SessionId
  readonly title: string
  readonly message: ItemOf<"user">
  readonly onClose: () => void
}) {
  const { sessionId, message, onClose } = props
  const id = useId()
  const navigate = useNavigate()
  const [prompt, setPrompt] = useState(message.text)
  const [title, setTitle] = useState(props.title)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || prompt.trim() === "") return
    setBusy(true)
    setProblem(null)
    const named = title.trim() === "" ? {} : { title: title.trim() }
    try {
      const made = await openApi(location.origin).fork({ sessionId, seq: message.seq - 1, prompt, ...named })
      onClose()
      await navigate({ to: "/s/$sessionId", params: { sessionId: made.sessionId } })
    } catch (error) {
      setProblem(refusalOf(error).message)
      setBusy(false)
    }
  }
  const files = message.attachments ?? []
  return (
    <Dialog label="Fork from here" onClose={onClose} className="w-[min(38rem,calc(100vw-1.5rem))]">
      <DialogForm
        title="Fork from here"
        leave="Leave it"
        confirm={busy ? "Forking…" : prompt === message.text ? "Say it again" : "Fork"}
        disabled={busy || prompt.trim() === ""}
        problem={problem}
        onSubmit={submit}
        onLeave={onClose}
        height="max-h-[min(85dvh,44rem)]"
      >
        <p className="text-quiet">
          A new session with all that was said before this message, and the files as they were then, in a
          place of its own. It begins with the message below. This session stays as it is.
        </p>
        <Field label="Message" htmlFor={`${id}-prompt`}>
          <textarea
            id={`${id}-prompt`}
            className="field resize-y"
            rows={Math.min(12, Math.max(3, prompt.split("\n").length, Math.ceil(prompt.length / 64)))}
            autoFocus
            value={prompt}
            onChange={({ target: { value } }) => setPrompt(value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event)
            }}
          />
        </Field>
        <Field label="Title" htmlFor={`${id}-title`}>
          <input
            id={`${id}-title`}
            className="field"
            maxLength={200}
            value={title}
            onChange={({ target: { value } }) => setTitle(value)}
          />
        </Field>
        {files.length > 0 && (
          <p className="text-note text-needs">
            What was attached does not come along:{" "}
            {files.map((each) => plainText(each.name ?? "an image")).join(", ")}.
          </p>
        )}
      </DialogForm>
    </Dialog>
  )
}
