/** What the demo agent does, one step after the other. */
import type { PlanEntry } from "@agentclientprotocol/sdk"
import type { Failure } from "#streams/event"
import type { Performed } from "../tools/perform.ts"

export interface CallSpec {
  readonly tool: string
  readonly args: unknown
  readonly ask?: boolean
}

/** What the agent knows when a step begins. */
export interface Seen {
  /** What the calls of an earlier step of this turn gave. */
  results(step: number): readonly Performed[]
  readonly prompt: string
  /** Earlier messages of the user, oldest first. */
  readonly earlier: readonly string[]
  /** How many texts the agent has said in earlier turns. */
  readonly said: number
  /** Its own last note, where it was given that again with this prompt. */
  readonly note: string | null
}

interface Text<Kind extends "say" | "think"> {
  readonly kind: Kind
  /** Must be the same whenever it is told from the same {@link Seen}. */
  readonly chunks: (seen: Seen) => Iterable<string>
  /** Between two chunks. */
  readonly ms: number
}

export type Step =
  | Text<"say">
  | Text<"think">
  | {
      readonly kind: "calls"
      readonly calls: (seen: Seen) => readonly CallSpec[] | Promise<readonly CallSpec[]>
    }
  | { readonly kind: "plan"; readonly entries: readonly PlanEntry[] }
  | { readonly kind: "wait"; readonly ms: number }
  | {
      readonly kind: "fail"
      readonly failure: Failure
      /** How often it is tried again before it works; never, where absent. */
      readonly retries?: number
      readonly afterMs: number
      /** A limit: a turn that is taken up so long after it failed gets past it. */
      readonly liftedAfterMs?: number
    }
  | { readonly kind: "hang" }

/** Words with the space behind them, `size` at a time. */
export function* wordsOf(text: string, size = 1): Generator<string> {
  const words = text.match(/\s*\S+\s*/g) ?? []
  for (let at = 0; at < words.length; at += size) yield words.slice(at, at + size).join("")
}

/** A plan in which the first `done` entries are completed and the next one is under way. */
export const planOf = (contents: readonly string[], done: number): Step => ({
  kind: "plan",
  entries: contents.map((content, index) => ({
    content,
    priority: "medium",
    status: index < done ? "completed" : index === done ? "in_progress" : "pending",
  })),
})
