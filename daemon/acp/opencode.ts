/**
 * OpenCode's own `acp`. It tells nothing of its retries and repeats the text under the same message id; what a command
 * printed so far comes whole each time; that it summed up its conversation is known only where it was told to.
 */
import { saidInResponse, saidInUpdate } from "./generic.ts"
import { fieldsOf } from "./read.ts"
import type { Dialect } from "./said.ts"

export const opencode: Dialect = {
  repeats: true,
  sumsUpOn: "/compact",
  saidIn: (wire, now) =>
    wire.wire === "response"
      ? saidInResponse(fieldsOf(wire.response), now)
      : saidInUpdate(fieldsOf(wire.update)),
}

/** A text shorter than this may well be said twice on purpose. */
const REPEAT_LENGTH = 32
/** How many places are looked at closely: a text of one letter has a great many. */
const CLOSE_LOOKS = 100

/**
 * The text without what a retry repeats. Nothing is taken away unless it is there again: only where all that came
 * before a chunk is said once more, word for word and at once, is the first telling dropped. A text that repeats
 * itself all along is left alone, and so is a retry that took other words: it cannot be told from the answer.
 */
export function withoutRepeat(text: string, chunkStarts: readonly number[]): string {
  let looks = 0
  const restarts = chunkStarts.filter(
    (start) =>
      start > 0 &&
      2 * start <= text.length &&
      text.startsWith(text.slice(0, Math.min(start, REPEAT_LENGTH)), start) &&
      looks++ < CLOSE_LOOKS &&
      text.startsWith(text.slice(0, start), start),
  )
  const [start] = restarts
  if (start === undefined || restarts.length > 1 || looks > CLOSE_LOOKS || start < REPEAT_LENGTH) return text
  const rest = chunkStarts.flatMap((one) => (one > start ? [one - start] : []))
  return withoutRepeat(text.slice(start), rest)
}
