/**
 * Tells one turn in our own words: ACP session updates in, session events out. Pure but for the memory of what is
 * open, so it is tested on recorded transcripts.
 *
 * Chunks are a preview; the whole text follows as `agent_message` when the message ends, and is the truth.
 */
import type { SessionUpdate, ToolCallContent } from "@agentclientprotocol/sdk"
import { z } from "zod"
import type { ToolContent, Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import { META } from "../agents/adapter.ts"
import { capOutput, fitDiff, fitInput } from "./fit.ts"

const NoticeMeta = z.object({
  category: z.string(),
  retry: z.object({ attempt: z.number().int(), max: z.number().int() }).optional(),
})

/** A message longer than this is told in parts, so that its whole text fits into one event. */
const PART_LENGTH = 200_000

export interface Narrator {
  tell(update: SessionUpdate): Unstamped[]
  /** Closes what is still open. */
  end(): Unstamped[]
  /** What the agent reported of its context and running cost, if it did. */
  readonly reported: { readonly used?: number; readonly size?: number; readonly costUsd?: number }
}

export function narrator(turnId: TurnId): Narrator {
  let message: { agentId: string; id: string; text: string } | null = null
  let thought: string | null = null
  const parts = new Map<string, number>()
  let reported: Narrator["reported"] = {}

  /** The agent's own id where it gave one, since agents know their steps by it again; a later part gets a suffix. */
  const idFor = (kind: "message" | "thought", agentId: string): string => {
    const part = (parts.get(`${kind} ${agentId}`) ?? 0) + 1
    parts.set(`${kind} ${agentId}`, part)
    return part === 1 ? agentId : `${agentId}-${part}`
  }

  function closeMessage(): Unstamped[] {
    const open = message
    message = null
    return open && open.text !== ""
      ? [{ type: "agent_message", turnId, messageId: open.id, text: open.text }]
      : []
  }

  function messageChunk(agentId: string, text: string, reset: boolean): Unstamped[] {
    const events: Unstamped[] = []
    thought = null
    if (message && message.agentId !== agentId) events.push(...closeMessage())
    if (message && message.text.length + text.length > PART_LENGTH) events.push(...closeMessage())
    message ??= { agentId, id: idFor("message", agentId), text: "" }
    if (reset) {
      message.text = ""
      events.push({ type: "message_reset", turnId, messageId: message.id })
    }
    message.text += text
    if (text !== "") events.push({ type: "agent_message_chunk", turnId, messageId: message.id, text })
    return events
  }

  return {
    get reported() {
      return reported
    },
    end: closeMessage,
    tell(update) {
      switch (update.sessionUpdate) {
        case "agent_message_chunk":
          return piecesOf(textOf(update.content)).flatMap((text) =>
            messageChunk(
              update.messageId ?? message?.agentId ?? `${turnId}-message`,
              text,
              update._meta?.[META.reset] === true,
            ),
          )

        case "agent_thought_chunk": {
          const text = textOf(update.content)
          const events = closeMessage()
          thought ??= idFor("thought", update.messageId ?? `${turnId}-thought`)
          const messageId = thought
          if (text === "") return events
          return [
            ...events,
            ...piecesOf(text).map((piece) => ({
              type: "agent_thought_chunk" as const,
              turnId,
              messageId,
              text: piece,
            })),
          ]
        }

        case "tool_call": {
          const { toolCallId, title, kind = "other", status = "pending", locations = [], rawInput } = update
          thought = null
          return [
            ...closeMessage(),
            {
              type: "tool_call",
              turnId,
              toolCallId,
              title,
              kind,
              status,
              locations: locationsOf(locations),
              input: fitInput(rawInput),
              content: diffsOf(update.content ?? []),
              ...outputOf(update.content, update.rawOutput),
            },
          ]
        }

        case "tool_call_update": {
          const { toolCallId, title, kind, status, locations, content, rawInput, rawOutput } = update
          const delta = deltaOf(update._meta)
          return [
            {
              type: "tool_call_update",
              turnId,
              toolCallId,
              ...(title != null && { title }),
              ...(kind != null && { kind }),
              ...(status != null && { status }),
              ...(locations != null && { locations: locationsOf(locations) }),
              ...(rawInput !== undefined && { input: fitInput(rawInput) }),
              ...(content != null && diffsOf(content).length > 0 && { content: diffsOf(content) }),
              ...(delta === "" ? outputOf(content, rawOutput) : { appendOutput: delta }),
            },
          ]
        }

        case "plan":
          return [
            {
              type: "plan",
              turnId,
              entries: update.entries.map(({ content, priority, status }) => ({ content, priority, status })),
            },
          ]

        case "notice": {
          const { title, description, severity, _meta } = update
          const more = NoticeMeta.safeParse(_meta?.[META.notice]).data
          return [
            {
              type: "notice",
              severity: severity === "error" || severity === "warning" ? severity : "info",
              category: more?.category ?? "agent",
              title: description ? `${title}: ${description}` : title,
              ...(more?.retry && { retry: more.retry }),
            },
          ]
        }

        case "usage_update":
          reported = {
            used: update.used,
            size: update.size,
            ...(update.cost?.currency === "USD" && { costUsd: update.cost.amount }),
          }
          return []

        // The user's own words are in the stream already; modes, commands and titles of the agent are not shown yet.
        default:
          return []
      }
    },
  }
}

const textOf = (content: { type: string; text?: unknown }): string =>
  content.type === "text" && typeof content.text === "string" ? content.text : `[${content.type}]`

/** An empty text still is one piece: it may carry a reset. */
const piecesOf = (text: string): string[] => text.match(/[\s\S]{1,100000}/g) ?? [""]

const locationsOf = (locations: readonly { path: string; line?: number | null }[]) =>
  locations.map(({ path, line }) => ({ path, ...(line != null && { line }) }))

function diffsOf(content: readonly ToolCallContent[]): ToolContent[] {
  return content.flatMap((part) =>
    part.type === "diff"
      ? [fitDiff({ path: part.path, oldText: part.oldText ?? null, newText: part.newText })]
      : [],
  )
}

function outputOf(content: readonly ToolCallContent[] | null | undefined, rawOutput: unknown) {
  const texts = (content ?? []).flatMap((part) => (part.type === "content" ? [textOf(part.content)] : []))
  const output = texts.length > 0 ? texts.join("\n") : typeof rawOutput === "string" ? rawOutput : ""
  return output === "" ? {} : capOutput(output)
}

/** Live output: in our own word, or in the one that Codex's adapter uses. */
function deltaOf(meta: Readonly<Record<string, unknown>> | null | undefined): string {
  const own = meta?.[META.outputDelta]
  if (typeof own === "string") return own
  const codex = meta?.terminal_output_delta
  return typeof codex === "object" && codex !== null && "data" in codex && typeof codex.data === "string"
    ? codex.data
    : ""
}
