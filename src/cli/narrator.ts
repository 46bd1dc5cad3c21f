/** Tells a session as it happens: text as it streams, a tool call in one line, the end of a turn with its reason. */
import type { SessionEvent, ToolContent, ToolStatus } from "#streams/event"
import { noteHead } from "#streams/note"
import { limitWords } from "./clock.ts"
import { changesOf } from "./line-counts.ts"
import { clean, oneLine, type Paint } from "./terminal.ts"

interface Tool {
  readonly title: string
  readonly status: ToolStatus
  readonly content: readonly ToolContent[]
}

export interface Narrator {
  /** What to print for this event. */
  tell(event: SessionEvent): string
  /** A whole line of our own, on a line of its own. */
  line(text: string): string
}

/** `echo`: tell what the person said, too. */
export function narrator(paint: Paint, { echo }: { readonly echo: boolean }): Narrator {
  const tools = new Map<string, Tool>()
  let messageId = ""
  let streamed = ""
  let midLine = false

  const inline = (text: string): string => {
    if (text !== "") midLine = !text.endsWith("\n")
    return text
  }
  const line = (text: string): string => {
    const lead = midLine ? "\n" : ""
    midLine = false
    return `${lead}${text}\n`
  }

  const chunk = (id: string, text: string): string => {
    const lead = id !== messageId && midLine ? "\n" : ""
    if (id !== messageId) streamed = ""
    messageId = id
    streamed += text
    return lead + inline(clean(text))
  }

  /** What the chunks of a message have not shown of it yet. */
  const whole = (id: string, text: string): string => {
    const seen = id === messageId ? streamed : ""
    const rest = text.startsWith(seen) ? text.slice(seen.length) : `\n${text}`
    const told = chunk(id, rest)
    messageId = ""
    return told + (midLine ? line("") : "")
  }

  const tool = (
    event: Extract<SessionEvent, { toolCallId: string; type: "tool_call" | "tool_call_update" }>,
  ) => {
    const known = tools.get(event.toolCallId)
    const now: Tool = {
      title: event.title ?? known?.title ?? "Tool call",
      status: event.status ?? known?.status ?? "pending",
      content: event.content ?? known?.content ?? [],
    }
    tools.set(event.toolCallId, now)
    const ended = now.status === "completed" || now.status === "failed"
    if (!ended || now.status === known?.status) return ""
    return line(toolLine(paint, now))
  }

  const tell = (event: SessionEvent): string => {
    switch (event.type) {
      case "user_message":
        return echo ? line(`\n${paint("bold", "›")} ${paint("bold", clean(event.text))}\n`) : ""
      case "agent_message_chunk":
        return chunk(event.messageId, event.text)
      case "agent_message":
        return whole(event.messageId, event.text)
      case "message_reset":
        streamed = ""
        return line(paint("dim", "(starting this answer again)"))
      case "tool_call":
      case "tool_call_update":
        return tool(event)
      case "permission_request":
        return (
          line(`${paint("yellow", "?")} ${oneLine(event.title)} ${paint("dim", event.requestId)}`) +
          (event.denyEndsTurn ? line(paint("dim", "  To deny it ends the turn.")) : "")
        )
      case "permission_resolved":
        return line(
          paint(
            "dim",
            `  ${event.requestId}: ${event.decision.replace("_", " ")} (by ${event.by})${event.note === undefined ? "" : `: ${oneLine(event.note)}`}`,
          ),
        )
      case "permission_ruled":
        // What a mode lets through is as expected as what needs no question; a rule is worth a word.
        return event.by === "rule" || event.decision === "deny"
          ? line(paint("dim", `  ${oneLine(event.title)}: ${event.decision} (${oneLine(event.reason)})`))
          : ""
      case "mode_changed":
        return line(paint("dim", `  permissions: ${event.mode.replace("_", " ")}`))
      case "message_steered":
        return line(paint("dim", "  The message was heard."))
      case "message_withdrawn":
        return line(paint("dim", "  A message was withdrawn."))
      case "notice":
        return line(
          `${noticeMark(paint, event.severity)} ${oneLine(event.title)}${event.hint ? `\n  ${oneLine(event.hint)}` : ""}`,
        )
      case "note_written":
        return line(`${paint("cyan", "✎")} ${paint("dim", "note:")} ${oneLine(event.text)}`)
      case "note_given":
        return event.why === "asked"
          ? ""
          : line(`${paint("cyan", "✎")} ${paint("dim", noteHead({ given: event.why }))}`)
      case "limit_reached":
        return line(`${paint("yellow", "!")} ${oneLine(event.message)}\n  The session ${limitWords(event)}.`)
      case "turn_ended":
        return line(endOf(paint, event))
      case "session_failed":
      case "session_interrupted":
        return line(failureOf(paint, event.error))
      default:
        return ""
    }
  }
  return { tell, line }
}

export function toolLine(
  paint: Paint,
  { title, status, content }: Tool & { readonly interrupted?: boolean },
): string {
  const mark = status === "completed" ? paint("green", "✓") : paint("red", "✗")
  const changes = changesOf(content).map(oneLine)
  const detail = changes.length === 0 ? "" : paint("dim", `  ${changes.join(", ")}`)
  return `${mark} ${oneLine(title)}${detail}`
}

const noticeMark = (paint: Paint, severity: "info" | "warning" | "error"): string =>
  severity === "info" ? paint("cyan", "·") : paint(severity === "error" ? "red" : "yellow", "!")

const ENDS = {
  end_turn: "done",
  max_tokens: "stopped at the model's length limit",
  max_turn_requests: "stopped at the limit of steps",
  refusal: "the model refused",
  cancelled: "cancelled",
  error: "failed",
  interrupted: "interrupted",
} as const

function endOf(paint: Paint, { stopReason, error }: Extract<SessionEvent, { type: "turn_ended" }>): string {
  return error === undefined ? paint("dim", `— ${ENDS[stopReason]}`) : failureOf(paint, error)
}

export const failureOf = (
  paint: Paint,
  { message, hint }: { readonly message: string; readonly hint?: string | undefined },
): string => `${paint("red", "✗")} ${oneLine(message)}${hint === undefined ? "" : `\n  ${oneLine(hint)}`}`
