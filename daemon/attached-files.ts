/** The content of what messages bring along, read once and kept while the daemon lives. */
import { wholeBlob } from "#streams/blob"
import type { Item } from "#streams/session"
import type { FindEndpoint, Patience } from "#streams/transport"
import { inWords } from "./acp/prompt-parts.ts"

export interface AttachedFiles {
  read(blob: string): Promise<Uint8Array>
  /** Reads what the messages of the transcript brought along, so that {@link inTranscript} can tell it. */
  load(items: readonly Item[]): Promise<void>
  /** The transcript for an agent that remembers from it, with text files in the words of their messages. */
  inTranscript(items: readonly Item[]): readonly Item[]
}

export function attachedFiles(endpoint: FindEndpoint, patience: Patience): AttachedFiles {
  const contents = new Map<string, Uint8Array>()

  async function read(blob: string): Promise<Uint8Array> {
    const known = contents.get(blob)
    if (known) return known
    const bytes = await wholeBlob(endpoint, blob, patience)
    contents.set(blob, bytes)
    return bytes
  }

  return {
    read,
    async load(items) {
      for (const { blob } of items.flatMap(textFilesOf)) await read(blob)
    },
    inTranscript: (items) =>
      items.map((item) => {
        const files = textFilesOf(item)
        if (item.type !== "user" || files.length === 0) return item
        const decoded = files.map(({ name, blob }) =>
          inWords(name, new TextDecoder().decode(contents.get(blob))),
        )
        return { ...item, text: item.text + decoded.join("") }
      }),
  }
}

const textFilesOf = (item: Item) =>
  item.type !== "user"
    ? []
    : (item.attachments ?? []).flatMap((one) =>
        one.type === "file" && one.blob !== undefined && one.mimeType?.startsWith("text/")
          ? [{ name: one.name, blob: one.blob }]
          : [],
      )
