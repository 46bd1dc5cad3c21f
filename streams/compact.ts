/**
 * A session's events without the deltas that its whole messages repeat: what an archive keeps. The events that stay
 * keep their `id`, `seq`, `epoch` and time, so the fold reads them as it read the others, and one that has read some
 * of either may go on with the rest. What is not known here stays as it is.
 */
import { parseEvent, type SessionEvent } from "./event.ts"

type Of<Type extends SessionEvent["type"]> = Extract<SessionEvent, { type: Type }>
type Message = Of<"agent_message" | "agent_message_chunk">
type Thought = { readonly index: number; readonly said: Of<"agent_thought_chunk"> }
type ToolPart = Of<"tool_call" | "tool_call_update">

/** Whole events in their order; `null` is one that another stands for now. */
export function compacted(raw: readonly unknown[]): unknown[] {
  const kept: unknown[] = [...raw]
  const messages = new Map<string, { readonly index: number; readonly message: Message }>()
  const updates = new Map<string, { readonly index: number; readonly part: ToolPart }>()
  const thoughts: { open: Thought | null } = { open: null }

  const put = (index: number, event: SessionEvent) => {
    kept[index] = event
    return index
  }
  for (const [index, item] of raw.entries()) {
    const event = parseEvent(item)
    if (event === null) continue
    if (event.type !== "agent_thought_chunk") thoughts.open = null
    switch (event.type) {
      case "message_reset": {
        const open = messages.get(event.messageId)
        if (open === undefined) break
        const message: Message = { ...open.message, text: "" }
        messages.set(event.messageId, { index: put(open.index, message), message })
        kept[index] = null
        break
      }
      case "agent_message_chunk":
      case "agent_message": {
        const open = messages.get(event.messageId)
        const type = event.type === "agent_message" ? event.type : (open?.message.type ?? event.type)
        const before = event.type === "agent_message" ? "" : (open?.message.text ?? "")
        // It has its place, and its stamp, where it began.
        const message: Message = { ...(open?.message ?? event), type, text: before + event.text }
        messages.set(event.messageId, { index: put(open?.index ?? index, message), message })
        if (open) kept[index] = null
        break
      }
      case "agent_thought_chunk": {
        const { open } = thoughts
        if (open?.said.messageId === event.messageId) {
          const said = { ...open.said, text: open.said.text + event.text }
          thoughts.open = { index: put(open.index, said), said }
          kept[index] = null
        } else thoughts.open = { index, said: event }
        break
      }
      case "tool_call_update": {
        const before = updates.get(event.toolCallId)
        const part = before === undefined ? event : merged(before.part, event)
        if (before !== undefined) kept[before.index] = null
        updates.set(event.toolCallId, { index: put(index, part), part })
        break
      }
    }
  }
  return kept.filter((item) => item !== null)
}

/** Two updates of one call as one, with the stamp of the later one. */
function merged(before: ToolPart, { appendOutput, ...after }: Of<"tool_call_update">): ToolPart {
  const { appendOutput: earlier, ...fields } = before as Of<"tool_call_update">
  const both = { ...fields, ...after } as Of<"tool_call_update">
  if (after.output !== undefined) return withAppended({ ...both, output: after.output }, appendOutput)
  if (fields.output !== undefined)
    return withAppended({ ...both, output: fields.output + (earlier ?? "") }, appendOutput)
  return withAppended(both, joined(earlier, appendOutput))
}

const joined = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined ? other : one + (other ?? "")

function withAppended(event: Of<"tool_call_update">, appended: string | undefined): Of<"tool_call_update"> {
  if (appended === undefined) return event
  return event.output === undefined
    ? { ...event, appendOutput: appended }
    : { ...event, output: event.output + appended }
}
