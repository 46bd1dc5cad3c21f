/** What a session page asks of its replay worker, which holds all events of one session. */
import type { Item } from "#streams/session"
import type { ChangedFile } from "./changes.ts"
import type { SessionHeader } from "./protocol.ts"
import type { RawEvent } from "./replay.ts"
import type { Found } from "./transcript-text.ts"
import type { SessionUsage } from "./turn-usage.ts"

/** A session at one moment: all of its header, and the newest items of then. */
export interface Moment {
  readonly header: Omit<SessionHeader, "title">
  readonly items: readonly Item[]
  readonly hasMore: boolean
  /** When that event was written. */
  readonly at: string | null
}

export interface ReplayCalls {
  at(ask: { readonly seq: number; readonly tail: number }): Moment
  /** Where the turns began. */
  turns(ask: null): readonly { readonly seq: number; readonly at: string; readonly text: string }[]
  events(ask: { readonly from: number; readonly count: number; readonly type: string | null }): {
    readonly events: readonly RawEvent[]
    readonly total: number
    readonly types: readonly string[]
  }
  find(ask: { readonly text: string }): readonly Found[]
  usage(ask: null): SessionUsage
  changes(ask: null): readonly ChangedFile[]
  markdown(ask: { readonly title: string }): string
  json(ask: null): string
}
export type ReplayMethod = keyof ReplayCalls

export interface ToReplay {
  readonly id: number
  readonly method: ReplayMethod
  readonly ask: unknown
  /** The answer must know of this event. */
  readonly upTo: number
}

export type FromReplay =
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "problem"; readonly id: number; readonly message: string }
  /** So many events were read. */
  | { readonly type: "progress"; readonly read: number }
