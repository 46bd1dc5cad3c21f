/** An event must fit into a stream's limit of 1 MiB. What does not is shortened in the middle, and says so. */
import type { ToolContent } from "#streams/event"

const OUTPUT_LENGTH = 64 * 1024
const DIFF_LENGTH = 100_000
const INPUT_LENGTH = 400_000

export function capOutput(output: string): { readonly output: string; readonly outputTruncated?: true } {
  return output.length <= OUTPUT_LENGTH
    ? { output }
    : { output: shorten(output, OUTPUT_LENGTH), outputTruncated: true }
}

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

/** An input that is too large is not shortened but left out: a call must never be run again with half of it. */
export function fitInput(input: unknown): unknown {
  const length = JSON.stringify(input ?? null).length
  return length <= INPUT_LENGTH ? input : { omitted: `${length.toLocaleString("en")} characters` }
}

/** Keeps the beginning and the end, where a command says what it did and how it ended. */
function shorten(text: string, length: number): string {
  const half = Math.floor(length / 2)
  return `${text.slice(0, half)}\n… ${(text.length - 2 * half).toLocaleString("en")} characters left out …\n${text.slice(-half)}`
}
