import { X } from "lucide-react"
import { type FormEvent, useState } from "react"
import { type LineComment, type LineRange, placeText } from "../../-app/comments.ts"
import { plainText } from "../../-app/hidden-characters.ts"

/** Once it is drawn: the line that it stands below makes room for it a little later. */
function takeFocus(area: HTMLTextAreaElement | null): (() => void) | undefined {
  if (!area) return
  const drawn = new ResizeObserver(() => {
    if (area.getClientRects().length === 0) return
    drawn.disconnect()
    area.focus({ preventScroll: true })
  })
  drawn.observe(area)
  return () => drawn.disconnect()
}

/** Says something of lines. Ctrl+Enter adds it, Escape takes it back. */
export function CommentForm(props: {
  readonly place: LineRange
  readonly onAdd: (text: string) => void
  readonly onClose: () => void
}) {
  const [text, setText] = useState("")
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    if (text.trim() !== "") props.onAdd(text.trim())
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 border-y border-line bg-raised p-2 font-sans">
      <label className="flex flex-col gap-1 text-note text-quiet">
        Comment on {plainText(placeText(props.place))}
        <textarea
          className="field min-h-16 text-ink"
          ref={takeFocus}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") props.onClose()
            else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event)
          }}
        />
      </label>
      <div className="flex justify-end gap-2">
        <button type="button" className="control" onClick={props.onClose}>
          Cancel
        </button>
        <button type="submit" className="control control-accent" disabled={text.trim() === ""}>
          Add comment
        </button>
      </div>
    </form>
  )
}

export function CommentNote({
  comment,
  onRemove,
}: {
  readonly comment: LineComment
  readonly onRemove: () => void
}) {
  return (
    <div className="flex items-start gap-2 border-y border-line bg-raised px-3 py-1.5 font-sans text-row text-ink">
      <p className="min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]">{comment.text}</p>
      <button
        type="button"
        className="grid size-6 shrink-0 place-items-center rounded text-quiet hover:bg-sunken hover:text-ink touch:size-11"
        aria-label={`Remove the comment on ${placeText(comment)}`}
        onClick={onRemove}
      >
        <X size={14} aria-hidden />
      </button>
    </div>
  )
}
