/**
 * Joins chunks of one message that come within 50 ms or 2 KB, so that a hundred thousand tokens become a few
 * thousand events. Order is kept: anything else sends what is held back first.
 */
import type { Unstamped } from "#streams/event"

const HOLD_MS = 50
const HOLD_LENGTH = 2048

export interface Coalescer extends Disposable {
  push(event: Unstamped): void
  flush(): void
}

export function coalesce(publish: (event: Unstamped) => void): Coalescer {
  let held: Unstamped | null = null
  let timer: NodeJS.Timeout | null = null

  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    const event = held
    held = null
    if (event) publish(event)
  }

  return {
    flush,
    push(event) {
      const joined = held && join(held, event)
      if (joined) held = joined.event
      else {
        flush()
        if (!isChunk(event)) return publish(event)
        held = event
      }
      if (held && lengthOf(held) >= HOLD_LENGTH) flush()
      else timer ??= setTimeout(flush, HOLD_MS)
    },
    [Symbol.dispose]: flush,
  }
}

const isChunk = (event: Unstamped): boolean =>
  event.type === "agent_message_chunk" ||
  event.type === "agent_thought_chunk" ||
  (event.type === "tool_call_update" && event.appendOutput !== undefined && event.status === undefined)

function join(held: Unstamped, event: Unstamped): { event: Unstamped } | null {
  if (
    (held.type === "agent_message_chunk" && event.type === "agent_message_chunk") ||
    (held.type === "agent_thought_chunk" && event.type === "agent_thought_chunk")
  )
    return held.messageId === event.messageId ? { event: { ...held, text: held.text + event.text } } : null
  if (held.type === "tool_call_update" && event.type === "tool_call_update" && isChunk(event))
    return held.toolCallId === event.toolCallId
      ? { event: { ...held, appendOutput: `${held.appendOutput}${event.appendOutput}` } }
      : null
  return null
}

const lengthOf = (event: Unstamped): number =>
  "text" in event
    ? event.text.length
    : event.type === "tool_call_update"
      ? (event.appendOutput?.length ?? 0)
      : 0
