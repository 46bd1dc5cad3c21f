/** What each turn of a session took. Pure. */
import type { SessionEvent } from "#streams/event"

export interface TurnUsage {
  readonly turnId: string
  /** Of the event that began it. */
  readonly seq: number
  readonly startedAt: string
  readonly endedAt: string | null
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedReadTokens: number
  readonly costUsd: number | null
  readonly toolCalls: number
}

export interface SessionUsage {
  readonly turns: readonly TurnUsage[]
  /** How full the model's window was when it was last said. */
  readonly context: { readonly used: number; readonly size: number } | null
}

type Draft = { -readonly [Key in keyof TurnUsage]: TurnUsage[Key] }

export function usageOf(events: Iterable<SessionEvent>): SessionUsage {
  const turns = new Map<string, Draft>()
  const seen = new Set<number>()
  let context: SessionUsage["context"] = null
  for (const event of events) {
    if (seen.has(event.seq)) continue
    seen.add(event.seq)
    if (event.type === "turn_started")
      turns.set(event.turnId, {
        turnId: event.turnId,
        seq: event.seq,
        startedAt: event.at,
        endedAt: null,
        inputTokens: 0,
        outputTokens: 0,
        cachedReadTokens: 0,
        costUsd: null,
        toolCalls: 0,
      })
    const turn = "turnId" in event && event.turnId !== undefined ? turns.get(event.turnId) : undefined
    if (!turn) continue
    if (event.type === "tool_call") turn.toolCalls += 1
    if (event.type === "turn_ended") turn.endedAt = event.at
    if (event.type !== "usage") continue
    turn.inputTokens += event.inputTokens
    turn.outputTokens += event.outputTokens
    turn.cachedReadTokens += event.cachedReadTokens ?? 0
    if (event.costUsd !== undefined) turn.costUsd = (turn.costUsd ?? 0) + event.costUsd
    if (event.contextUsed !== undefined && event.contextSize !== undefined)
      context = { used: event.contextUsed, size: event.contextSize }
  }
  return { turns: [...turns.values()], context }
}
