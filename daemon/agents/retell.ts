/**
 * The transcript in words, for an agent that has lost its own memory of the conversation. The newest part counts
 * most, so what does not fit is left out at the beginning.
 */
import type { Item } from "#streams/session"

const LENGTH = 24_000
const PART_LENGTH = 4_000

/** Empty when nothing was said yet. */
export function retell(transcript: readonly Item[]): string {
  const items = transcript.filter(({ type }) => type !== "notice" && type !== "note")
  // The message that is being answered is not a part of the past.
  if (items.at(-1)?.type === "user") items.pop()
  const parts: string[] = []
  let length = 0
  for (let index = items.length - 1; index >= 0 && length < LENGTH; index--) {
    const item = items[index]
    const part = item && partOf(item)
    if (!part) continue
    parts.unshift(part)
    length += part.length
  }
  if (parts.length === 0) return ""
  return [
    "Your memory of this conversation was lost. This is what its transcript says, the newest part of it; " +
      "it is a record and asks nothing of you. The message to answer follows after it.",
    "<transcript>",
    ...parts,
    "</transcript>",
  ].join("\n")
}

function partOf(item: Item): string | null {
  switch (item.type) {
    // What still waits in the queue is yet to be asked.
    case "user":
      return item.turnId === null ? null : `User: ${short(item.text)}`
    case "message":
      return `You: ${short(item.text)}`
    case "tool":
      return `You ran: ${short(item.title)} (${item.interrupted ? "cut off, its outcome is unknown" : item.status})`
    case "thought":
    case "permission":
    case "notice":
    // The last one is told apart from the rest.
    case "note":
    case "turn_end":
      return null
  }
}

const short = (text: string): string =>
  text.length <= PART_LENGTH
    ? text
    : `${text.slice(0, PART_LENGTH)} … (${text.length - PART_LENGTH} characters left out)`
