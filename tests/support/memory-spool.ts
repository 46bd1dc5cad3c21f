import type { Spool } from "#streams/spool"

/** A spool in memory: what it holds survives the publisher, as the file does. */
export function memorySpool(): Spool {
  let text = ""
  return {
    read: () => text,
    append: (lines) => {
      text += lines
    },
    clear: () => {
      text = ""
    },
    [Symbol.dispose]: () => undefined,
  }
}
