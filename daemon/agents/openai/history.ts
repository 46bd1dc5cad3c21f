/** The conversation as a model is told it, read from the transcript. Pure. */
import type { ModelMessage } from "ai"
import type { Item } from "#streams/session"
import { parseCallId } from "../call-id.ts"
import { permissionsOf, stateOf } from "../transcript.ts"

export interface PastCall {
  readonly toolCallId: string
  readonly tool: string
  readonly input: unknown
  /** `null`: it was cut off before it ran. */
  readonly result: string | null
}

export type Entry =
  | { readonly role: "user"; readonly text: string }
  /** One step of the model: what it said, then what it called. */
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly PastCall[] }

const UNKNOWN =
  "This call was cut off while it ran. Whether it had an effect is not known: check before you repeat it."
const NOT_RUN = "This call was cut off before it ran. It had no effect."

export function historyOf(items: readonly Item[]): readonly Entry[] {
  const entries: Entry[] = []
  const permissions = permissionsOf(items)
  /** Where the step with this name is. */
  const steps = new Map<string, number>()

  const addTo = (name: string, add: (step: Extract<Entry, { role: "assistant" }>) => Entry) => {
    const at = steps.get(name) ?? entries.length
    const step = entries[at]
    entries[at] = add(step?.role === "assistant" ? step : { role: "assistant", text: "", calls: [] })
    steps.set(name, at)
  }

  for (const item of items) {
    if (item.type === "user" && item.turnId !== null) entries.push({ role: "user", text: item.text })
    if (item.type === "message" && item.text !== "") {
      const name = /^text_([a-z0-9]+_s\d+)\//.exec(item.key)?.[1] ?? item.key
      addTo(name, (step) => ({ ...step, text: step.text + item.text }))
    }
    if (item.type === "tool") {
      const id = parseCallId(item.toolCallId)
      const name = id ? `${id.nonce}_s${id.step}` : item.key
      const state = stateOf(item, permissions)
      const call: PastCall = {
        toolCallId: item.toolCallId,
        tool: id?.tool ?? "unknown",
        input: item.input,
        result:
          state === "unknown"
            ? `${item.output}\n${UNKNOWN}`.trim()
            : state === "not run"
              ? null
              : item.output,
      }
      addTo(name, (step) => ({ ...step, calls: withCall(step.calls, call) }))
    }
  }
  return entries
}

/** A call that was made again takes the place of its first attempt. */
function withCall(calls: readonly PastCall[], call: PastCall): readonly PastCall[] {
  const at = calls.findIndex(({ toolCallId }) => placeOf(toolCallId) === placeOf(call.toolCallId))
  return at < 0 ? [...calls, call] : calls.with(at, call)
}

const placeOf = (toolCallId: string): string => toolCallId.replace(/_r\d+$/, "")

/** A text without calls at the end was cut off, as far as anybody can tell: it is said anew. */
export const withoutCutText = (entries: readonly Entry[]): readonly Entry[] => {
  const last = entries.at(-1)
  return last?.role === "assistant" && last.calls.length === 0 ? entries.slice(0, -1) : entries
}

export const messagesOf = (entries: readonly Entry[]): ModelMessage[] =>
  entries.flatMap((entry): ModelMessage[] => {
    if (entry.role === "user") return [{ role: "user", content: entry.text }]
    const text = entry.text === "" ? [] : [{ type: "text" as const, text: entry.text }]
    const calls = entry.calls.map(({ toolCallId, tool: toolName, input }) => ({
      type: "tool-call" as const,
      toolCallId,
      toolName,
      input,
    }))
    const results = entry.calls.map(({ toolCallId, tool: toolName, result }) => ({
      type: "tool-result" as const,
      toolCallId,
      toolName,
      output: { type: "text" as const, value: result ?? NOT_RUN },
    }))
    const said: ModelMessage[] =
      text.length + calls.length === 0 ? [] : [{ role: "assistant", content: [...text, ...calls] }]
    return results.length === 0 ? said : [...said, { role: "tool", content: results }]
  })
