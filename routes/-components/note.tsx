import { NotebookPen } from "lucide-react"
import { noteHead } from "#streams/note"
import type { ItemOf } from "#streams/session"
import { plainText } from "../-app/hidden-characters.ts"
import { Fold } from "./fold.tsx"
import { Scrolling } from "./terminal.tsx"

/** A note of the agent in the transcript: one line that opens to all of it. */
export function NoteRow({ item }: { readonly item: ItemOf<"note"> }) {
  return (
    <Fold
      foldKey={item.key}
      summary={
        <>
          <NotebookPen size={14} aria-hidden className="shrink-0 text-quiet" />
          <span className="shrink-0 text-quiet">{noteHead(item)}</span>
          <span className="min-w-0 truncate text-soft">{plainText(item.text.split("\n")[0] ?? "")}</span>
        </>
      }
    >
      <NoteBody note={item} />
    </Fold>
  )
}

/** What the note says, as it was written. */
export function NoteBody({ note }: { readonly note: Pick<ItemOf<"note">, "text" | "data"> }) {
  return (
    <div className="flex flex-col gap-2 text-row">
      <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{plainText(note.text)}</p>
      {note.data !== undefined && (
        <Scrolling label="Data of the note">{JSON.stringify(note.data, null, 2)}</Scrolling>
      )}
    </div>
  )
}
