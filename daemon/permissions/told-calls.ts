/** What an agent told of its calls: Codex asks for the tool of an MCP server by the id of a call that it told before. */
import type { RequestPermissionRequest, SessionUpdate } from "@agentclientprotocol/sdk"

type ToolCall = RequestPermissionRequest["toolCall"]

interface Known {
  readonly title: string | undefined
  readonly rawInput: unknown
}

export interface ToldCalls {
  heard(update: SessionUpdate): void
  /** The call that is asked for. Where that says nothing of what it does, it is as it was told. */
  whole(asked: ToolCall): ToolCall
}

export function toldCalls(): ToldCalls {
  const told = new Map<string, Known>()
  return {
    heard(update) {
      if (update.sessionUpdate !== "tool_call" && update.sessionUpdate !== "tool_call_update") return
      const { toolCallId, title, rawInput, status } = update
      if (status === "completed" || status === "failed") return void told.delete(toolCallId)
      const known = told.get(toolCallId)
      told.set(toolCallId, { title: title ?? known?.title, rawInput: rawInput ?? known?.rawInput })
    },
    whole(asked) {
      const { title, rawInput } = told.get(asked.toolCallId) ?? {}
      const isSaid = (asked.rawInput ?? null) !== null || (asked.content ?? []).length > 0
      return {
        ...asked,
        ...(!asked.title && title !== undefined && { title }),
        ...(!isSaid && rawInput !== undefined && { rawInput }),
      }
    },
  }
}
