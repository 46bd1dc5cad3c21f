/** How far an interrupted turn came, read from what it left in the transcript. */
import type { Item, ItemOf } from "#streams/session"
import { parseCallId, stepOfMessage } from "../call-id.ts"
import { type CallState, permissionsOf, stateOf } from "../transcript.ts"

export interface Progress {
  /** The last step that left a trace; -1 when there is none. */
  readonly last: number
  /** Texts of a step, newest last. More than one where an earlier interruption cut the first. */
  texts(step: number): readonly string[]
  /** The newest attempt of each call of a step, by its place in the step. */
  calls(step: number): ReadonlyMap<number, LeftCall>
  /** When the turn failed first, in milliseconds; `Infinity`: it did not. */
  readonly failedAt: number
}

export interface LeftCall {
  readonly item: ItemOf<"tool">
  readonly state: CallState
  readonly tool: string
  readonly attempt: number
}

export function progressOf(items: readonly Item[]): Progress {
  const permissions = permissionsOf(items)
  const texts = new Map<number, string[]>()
  const calls = new Map<number, Map<number, LeftCall>>()
  for (const item of items) {
    if (item.type === "message" || item.type === "thought") {
      const step = stepOfMessage(item.key)
      if (step !== null) texts.set(step, [...(texts.get(step) ?? []), item.text])
    }
    if (item.type === "tool") {
      const id = parseCallId(item.toolCallId)
      if (!id) continue
      const ofStep = calls.get(id.step) ?? new Map<number, LeftCall>()
      calls.set(
        id.step,
        ofStep.set(id.call, { item, state: stateOf(item, permissions), tool: id.tool, attempt: id.attempt }),
      )
    }
  }
  return {
    failedAt: Math.min(
      ...items.flatMap((item) => (item.type === "turn_end" && item.error ? [Date.parse(item.at)] : [])),
    ),
    last: Math.max(-1, ...texts.keys(), ...calls.keys()),
    texts: (step) => texts.get(step) ?? [],
    calls: (step) => calls.get(step) ?? new Map(),
  }
}
