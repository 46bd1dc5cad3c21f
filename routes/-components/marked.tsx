import type { Item } from "#streams/session"
import { plainText } from "../-app/hidden-characters.ts"

/** Who or what says an item. */
export const KIND: Record<Item["type"], string> = {
  user: "You",
  message: "Agent",
  thought: "Thought",
  tool: "Tool",
  permission: "Approval",
  notice: "Notice",
  note: "Note",
  turn_end: "End",
}

/** A text with parts of it marked: from and to, in order, without overlap. */
export function Marked(props: {
  readonly text: string
  readonly ranges: readonly (readonly [from: number, to: number])[]
}) {
  const { text, ranges } = props
  return (
    <>
      {ranges.map(([from, to], index) => (
        <span key={from}>
          {plainText(text.slice(ranges[index - 1]?.[1] ?? 0, from))}
          <mark className="rounded-xs bg-needs-tint text-ink">{plainText(text.slice(from, to))}</mark>
        </span>
      ))}
      {plainText(text.slice(ranges.at(-1)?.[1] ?? 0))}
    </>
  )
}
