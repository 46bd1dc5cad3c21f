/** What the Agent Client Protocol itself has words for, and agentz's own agents beyond it. */
import { ToolKind, ToolStatus } from "#streams/event"
import { META } from "../agents/adapter.ts"
import { fitContent, fitDiff, fitInput } from "./fit.ts"
import { countIn, type Fields, fieldsOf, listOf, stringIn, under } from "./read.ts"
import type { CallFields, Dialect, Reported, Said } from "./said.ts"
import { troubleOfFailure } from "./trouble.ts"

export const generic: Dialect = {
  saidIn: (wire, now) =>
    wire.wire === "update"
      ? saidInUpdate(fieldsOf(wire.update))
      : saidInResponse(fieldsOf(wire.response), now),
}

/** An update of the session, as the protocol defines it. What is not about the turn is not told here. */
export function saidInUpdate(update: Fields): readonly Said[] {
  switch (update.sessionUpdate) {
    case "agent_message_chunk":
    case "agent_thought_chunk":
      return [
        {
          said: update.sessionUpdate === "agent_message_chunk" ? "text" : "thought",
          messageId: stringIn(update, "messageId") || null,
          text: textOf(update.content),
          ...(fieldsOf(update._meta)[META.reset] === true && { reset: true }),
        },
      ]
    case "tool_call":
    case "tool_call_update":
      return callIn(update)
    case "plan":
      return planIn(update)
    case "notice":
      return noticeIn(update)
    case "usage_update":
      return usageIn(update)
    case "compaction_update":
      return update.status === "completed" ? [{ said: "compacted" }] : []
    default:
      return []
  }
}

/** The answer to a prompt: tokens of this turn, and a failure where one is attached to it. */
export function saidInResponse(response: Fields, now: number): readonly Said[] {
  const own = under(response, "_meta", META.usage)
  const counted = under(response, "_meta", "quota", "token_count")
  const [ofModel] = listOf(under(response, "_meta", "quota").model_usage)
  const tokens = [own, under(response, "usage"), counted].find(
    (one) => countIn(one, "inputTokens") !== undefined,
  )
  const trouble = troubleOfFailure(under(response, "_meta", "jetbrains", "air", "sessionFailure"), now)
  const model = stringIn(fieldsOf(ofModel), "model")
  return [
    ...(tokens ? [{ said: "usage" as const, usage: { ...tokensIn(tokens), ...(model && { model }) } }] : []),
    ...(trouble ? [{ said: "trouble" as const, trouble }] : []),
  ]
}

function tokensIn(fields: Fields): Reported {
  const read = countIn(fields, "cachedReadTokens") ?? countIn(fields, "cachedInputTokens")
  const written = countIn(fields, "cachedWriteTokens") ?? countIn(fields, "cacheWriteInputTokens")
  return {
    inputTokens: countIn(fields, "inputTokens") ?? 0,
    outputTokens: countIn(fields, "outputTokens") ?? 0,
    ...(read !== undefined && { cachedReadTokens: read }),
    ...(written !== undefined && { cachedWriteTokens: written }),
  }
}

function callIn(update: Fields): readonly Said[] {
  const toolCallId = stringIn(update, "toolCallId")
  if (!toolCallId) return []
  const more = liveOutputIn(fieldsOf(update._meta))
  const output = more === "" ? outputIn(update) : undefined
  return [
    {
      said: "call",
      toolCallId,
      fields: callFieldsIn(update),
      ...(output !== undefined && { output }),
      ...(more !== "" && { more }),
    },
  ]
}

function callFieldsIn(update: Fields): CallFields {
  const title = stringIn(update, "title")
  const kind = ToolKind.safeParse(update.kind).data
  const status = ToolStatus.safeParse(update.status).data
  const content = fitContent(diffsIn(update.content))
  const exit = under(update, "_meta", "terminal_exit")
  const exitCode =
    typeof exit.exit_code === "number" && Number.isInteger(exit.exit_code) ? exit.exit_code : null
  return {
    ...(title !== undefined && { title: fitLine(title) }),
    ...(kind && { kind }),
    ...(status && { status }),
    ...(Array.isArray(update.locations) && { locations: locationsIn(update.locations) }),
    ...(update.rawInput !== undefined && { input: fitInput(update.rawInput) }),
    ...(content.length > 0 && { content }),
    ...("exit_code" in exit && { exitCode }),
  }
}

const locationsIn = (locations: readonly unknown[]) =>
  locations.slice(0, MAX_LOCATIONS).flatMap((location) => {
    const fields = fieldsOf(location)
    const path = stringIn(fields, "path")
    const line = countIn(fields, "line")
    if (path === undefined) return []
    return [{ path: path.slice(0, 1_000), ...(line !== undefined && Number.isInteger(line) && { line }) }]
  })

const MAX_LOCATIONS = 50

export function diffsIn(content: unknown) {
  return listOf(content).flatMap((one) => {
    const part = fieldsOf(one)
    const path = stringIn(part, "path")
    const newText = stringIn(part, "newText")
    if (part.type !== "diff" || path === undefined || newText === undefined) return []
    return [fitDiff({ path, oldText: stringIn(part, "oldText") ?? null, newText })]
  })
}

/** What a call gave, as text: from its content, else from what the agent calls its raw output. */
function outputIn(update: Fields): string | undefined {
  const texts = contentTextsIn(update.content)
  if (texts.length > 0) return texts.join("\n")
  const { rawOutput } = update
  return typeof rawOutput === "string" ? rawOutput : undefined
}

export const contentTextsIn = (content: unknown): readonly string[] =>
  listOf(content).flatMap((one) => {
    const part = fieldsOf(one)
    return part.type === "content" ? [textOf(part.content)] : []
  })

/** Output as it is printed, wherever it is put: our own word, and those of Codex, Zed and Claude Code. */
function liveOutputIn(meta: Fields): string {
  const own = stringIn(meta, META.outputDelta)
  if (own !== undefined) return own
  return ["terminal_output_delta", "terminal_output", "mcp_output_delta"]
    .map((name) => stringIn(under(meta, name), "data") ?? "")
    .join("")
}

const PRIORITIES = ["high", "medium", "low"] as const
const STATES = ["pending", "in_progress", "completed"] as const

function planIn(update: Fields): readonly Said[] {
  const entries = listOf(update.entries).flatMap((one) => {
    const entry = fieldsOf(one)
    const content = stringIn(entry, "content")
    if (content === undefined) return []
    return [
      {
        content: content.slice(0, 1_000),
        priority: PRIORITIES.find((priority) => priority === entry.priority) ?? ("medium" as const),
        status: STATES.find((state) => state === entry.status) ?? ("pending" as const),
      },
    ]
  })
  return [{ said: "plan", entries: entries.slice(0, 100) }]
}

function noticeIn(update: Fields): readonly Said[] {
  const title = stringIn(update, "title")
  if (!title) return []
  const description = stringIn(update, "description")
  const more = under(update, "_meta", META.notice)
  const attempt = countIn(under(more, "retry"), "attempt")
  const max = countIn(under(more, "retry"), "max")
  const { severity } = update
  return [
    {
      said: "notice",
      notice: {
        severity: severity === "error" || severity === "warning" ? severity : "info",
        category: stringIn(more, "category") ?? "agent",
        title: fitLine(description ? `${title}: ${description}` : title),
        ...(attempt !== undefined &&
          max !== undefined && { retry: { attempt: Math.floor(attempt), max: Math.floor(max) } }),
      },
    },
  ]
}

export const fitLine = (text: string): string => (text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text)

function usageIn(update: Fields): readonly Said[] {
  const cost = under(update, "cost")
  const used = countIn(update, "used")
  const size = countIn(update, "size")
  const amount = cost.currency === "USD" ? countIn(cost, "amount") : undefined
  const model = stringIn(under(update, "_meta"), "_claude/model")
  const own = under(update, "_meta", META.usage)
  const usage: Reported = {
    ...(countIn(own, "inputTokens") !== undefined && tokensIn(own)),
    // Zero is what some agents send when they were cut off and do not know.
    ...(used && { contextUsed: used }),
    ...(size && { contextSize: size }),
    ...(amount !== undefined && { totalCostUsd: amount }),
    ...(model !== undefined && { model }),
  }
  return Object.keys(usage).length === 0 ? [] : [{ said: "usage", usage }]
}

/** What a block of content shows; what is not text is named. */
export function textOf(content: unknown): string {
  const block = fieldsOf(content)
  if (block.type === "text") return stringIn(block, "text") ?? ""
  return typeof block.type === "string" ? `[${block.type.slice(0, 40)}]` : ""
}
