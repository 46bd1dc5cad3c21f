/** An event must fit into a stream's limit of 1 MiB. What does not is shortened in the middle, and says so. */
import type { ToolContent } from "#streams/event"

export const OUTPUT_LENGTH = 64 * 1024
const DIFF_LENGTH = 100_000
const INPUT_BYTES = 250_000
const CONTENT_BYTES = 350_000

export function fitDiff({
  path,
  oldText,
  newText,
}: {
  path: string
  oldText: string | null
  newText: string
}): ToolContent {
  const length = (oldText?.length ?? 0) + newText.length
  return length <= 2 * DIFF_LENGTH
    ? { type: "diff", path, oldText, newText }
    : {
        type: "text",
        text: `${path}: the change is too large to show (${length.toLocaleString("en")} characters).`,
      }
}

/** What does not fit beside what comes before it is named and not shown. */
export function fitContent(content: readonly ToolContent[]): ToolContent[] {
  let bytes = 0
  return content.flatMap((part) => {
    const weight = bytesOf(part)
    if (bytes + weight <= CONTENT_BYTES) {
      bytes += weight
      return [part]
    }
    const note: ToolContent = {
      type: "text",
      text: `${part.type === "diff" ? part.path.slice(0, 500) : "A text"}: too large to show here.`,
    }
    bytes += bytesOf(note)
    return bytes <= 2 * CONTENT_BYTES - INPUT_BYTES ? [note] : []
  })
}

/** As an event holds it. */
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value ?? null) ?? "")

/** An input that is too large is not shortened but left out: a call must never be run again with half of it. */
export function fitInput(input: unknown): unknown {
  const bytes = bytesOf(input)
  return bytes <= INPUT_BYTES ? input : { omitted: `${bytes.toLocaleString("en")} bytes` }
}

/**
 * Keeps the beginning and the end, where a command says what it did and how it ended. The end may be apart from the
 * text, with so many characters between the two.
 */
export function shorten(text: string, length: number, tail = "", lost = 0): string {
  const half = Math.floor(length / 2)
  const end = `${tail.length < half ? text.slice(-half) : ""}${tail}`.slice(-half)
  const left = text.length + lost - half - end.length
  return `${text.slice(0, half)}\n… ${left.toLocaleString("en")} characters left out …\n${end}`
}
