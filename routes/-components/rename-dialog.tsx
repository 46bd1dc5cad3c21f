import { type FormEvent, useState } from "react"
import { Dialog } from "./dialog.tsx"

/** Gives a session another title. */
export default function RenameDialog(props: {
  readonly title: string
  readonly onRename: (title: string) => void
  readonly onClose: () => void
}) {
  const [title, setTitle] = useState(props.title)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (title.trim() !== "") props.onRename(title.trim())
    props.onClose()
  }
  return (
    <Dialog label="Rename" onClose={props.onClose} className="w-[min(28rem,calc(100vw-1.5rem))]">
      <form onSubmit={submit} className="flex flex-col gap-3 p-4">
        <label className="flex flex-col gap-1.5 text-row font-medium">
          Title
          <input
            className="field"
            maxLength={200}
            autoFocus
            value={title}
            onFocus={({ target }) => target.select()}
            onChange={({ target: { value } }) => setTitle(value)}
          />
        </label>
        <div className="flex justify-end gap-2">
          <button type="button" className="control" onClick={props.onClose}>
            Keep
          </button>
          <button type="submit" className="control control-accent" disabled={title.trim() === ""}>
            Rename
          </button>
        </div>
      </form>
    </Dialog>
  )
}
