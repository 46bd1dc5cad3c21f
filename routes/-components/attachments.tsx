import { Paperclip, X } from "lucide-react"
import { type ClipboardEvent, type DragEvent, type SyntheticEvent, useRef, useState } from "react"
import { readBlob } from "#streams/blob"
import { errorText } from "#streams/error-text"
import type { Attachment } from "#streams/event"
import { type Attached, base64Of } from "../-app/attach.ts"
import { plainText } from "../-app/hidden-characters.ts"

/** Chooses files to go along with a message. */
export function AttachButton({ onFiles }: { readonly onFiles: (files: FileList) => void }) {
  const picker = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={({ target }) => {
          if (target.files) onFiles(target.files)
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
    </>
  )
}

/** Lets files be dropped on an element and pasted into it. */
export const takesFiles = (onFiles: (files: FileList) => void) => ({
  onDragOver: (event: DragEvent) => event.preventDefault(),
  onDrop: (event: DragEvent) => takeFiles(event, event.dataTransfer.files, onFiles),
  onPaste: (event: ClipboardEvent) => takeFiles(event, event.clipboardData.files, onFiles),
})

function takeFiles(event: SyntheticEvent, files: FileList, onFiles: (files: FileList) => void): void {
  if (files.length === 0) return
  event.preventDefault()
  onFiles(files)
}

/** Files that will go along with a message. */
export function AttachedFiles(props: {
  readonly files: readonly Attached[]
  readonly busy: number
  readonly onRemove: (uploadId: string) => void
}) {
  const { files, busy, onRemove } = props
  if (files.length + busy === 0) return null
  return (
    <ul aria-label="Attached files" className="flex basis-full flex-wrap gap-1.5">
      {files.map(({ uploadId, name }) => (
        <li
          key={uploadId}
          className="flex items-center gap-1.5 rounded border border-line bg-raised pl-2 text-note"
        >
          <Paperclip size={12} aria-hidden />
          <span className="max-w-48 truncate">{plainText(name)}</span>
          <button
            type="button"
            className="grid size-6 place-items-center rounded hover:bg-sunken touch:size-11"
            aria-label={`Remove ${name}`}
            onClick={() => onRemove(uploadId)}
          >
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
      {busy > 0 && (
        <li className="text-note text-quiet" role="status">
          attaching…
        </li>
      )}
    </ul>
  )
}

/** What a message brought along. A picture is read and shown when it is asked for. */
export function Attachments({ attachments }: { readonly attachments: readonly Attachment[] }) {
  return (
    <ul aria-label="Attachments" className="mt-1.5 flex flex-wrap gap-1.5 text-note">
      {attachments.map((attachment) => (
        <li key={attachment.blob ?? attachment.name}>
          {attachment.type === "image" ? (
            <Picture image={attachment} />
          ) : (
            <span className="flex items-center gap-1.5 rounded border border-line bg-paper px-2 py-0.5">
              <Paperclip size={12} aria-hidden />
              {plainText(attachment.name)}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/

function Picture({ image }: { readonly image: Extract<Attachment, { type: "image" }> }) {
  const [source, setSource] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const name = plainText(image.name ?? "picture")
  const show = async () => {
    setProblem(null)
    try {
      const endpoint = () => ({ url: `${location.origin}/v1/stream`, token: null })
      const parts: Uint8Array<ArrayBuffer>[] = []
      for await (const bytes of readBlob(endpoint, image.blob, { forMs: 20_000 })) parts.push(bytes)
      const whole = new Uint8Array(await new Blob(parts).arrayBuffer())
      setSource(`data:${image.mimeType};base64,${base64Of(whole)}`)
    } catch (error) {
      setProblem(errorText(error))
    }
  }
  if (source)
    return <img src={source} alt={name} className="max-h-80 max-w-full rounded border border-line" />
  return (
    <button
      type="button"
      className="flex items-center gap-1.5 rounded border border-line bg-paper px-2 py-0.5 touch:min-h-11"
      disabled={!PICTURES.test(image.mimeType)}
      onClick={() => void show()}
    >
      <Paperclip size={12} aria-hidden />
      {name}
      {problem && <span className="text-fail">{problem}</span>}
    </button>
  )
}
