import type { Blob } from "#streams/blob"
import type { Spool } from "#streams/spool"

/** A spool in memory: what it holds survives the publisher, as the file does. */
export function memorySpool(): Spool {
  let text = ""
  const blobs = new Map<string, Blob["bytes"]>()
  return {
    read: () => text,
    append: (lines) => {
      text += lines
    },
    keep: ({ ref, bytes }) => {
      blobs.set(ref.blob.slice(ref.blob.indexOf("/") + 1), bytes)
    },
    blobs: () => Array.from(blobs, ([name, bytes]) => ({ name, bytes })),
    clear: () => {
      text = ""
      blobs.clear()
    },
    [Symbol.dispose]: () => undefined,
  }
}
