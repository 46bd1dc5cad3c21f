/**
 * The agent's own notes on where it stands: kept in the session's stream with the files as they are then, and given back
 * when the agent may not know of them any more.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import { toldNote } from "#streams/note"
import type { Note, Session } from "#streams/session"
import type { Checkpoints } from "../checkpoints.ts"

/** A note is told whole, beside the conversation: it has to leave room for that. */
const MOST_CHARACTERS = 16_000
const MOST = `must be at most ${MOST_CHARACTERS} characters: say where you stand, and leave the rest to the files`

export const NoteInput = z.strictObject({
  text: z
    .string()
    .trim()
    .min(1)
    .max(MOST_CHARACTERS, MOST)
    .describe(
      "where you stand, for one who knows nothing else: the goal, what is done, what was decided and why, what is next",
    ),
  data: z
    .record(z.string(), z.unknown())
    .refine((data) => JSON.stringify(data).length <= MOST_CHARACTERS, MOST)
    .optional()
    .describe("the same for programs, as an object of your choice"),
})
export type NoteInput = z.infer<typeof NoteInput>

export interface NoteKept {
  /** The checkpoint that has the files as they are; `null` where this directory gets none. */
  readonly checkpoint: number | null
}

export interface NoteFound {
  readonly note: Pick<Note, "text" | "data" | "at" | "turn" | "checkpoint"> | null
  /** How many turns there were up to now. */
  readonly turns: number
}

/** What the agent itself can do with its notes, and all that it can do by these. */
export interface NoteTools {
  write(input: NoteInput): Promise<NoteKept>
  last(): NoteFound
}

export interface Notes {
  readonly tools: NoteTools
  /** In words for the next prompt, where the agent may not know of its last note any more; says that it is given. */
  give(turnId: TurnId): string | null
}

export interface NotesOptions {
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
  readonly flushed: () => Promise<void>
  readonly checkpoints: Pick<Checkpoints, "noted">
}

/** The spool has it by then; the agent need not wait for a stream server that is away. */
const DURABLE_WITHIN_MS = 3_000

export function notesOf({ session, publish, flushed, checkpoints }: NotesOptions): Notes {
  return {
    tools: {
      async write({ text, data }) {
        const turnId = session().turnId ?? undefined
        const checkpoint = await checkpoints.noted(turnId, titleOf(text))
        publish({
          type: "note_written",
          text,
          ...(turnId && { turnId }),
          ...(data && { data }),
          ...(checkpoint !== null && { checkpoint }),
        })
        const late = new AbortController()
        await Promise.race([
          flushed().catch(() => undefined),
          sleep(DURABLE_WITHIN_MS, undefined, { signal: late.signal }).catch(() => undefined),
        ])
        late.abort()
        return { checkpoint }
      },
      last() {
        const { note, turns, turnId } = session()
        if (note?.forgotten && turnId !== null) publish({ type: "note_given", turnId, why: "asked" })
        if (note === null) return { note, turns }
        const { text, data, at, turn, checkpoint } = note
        return { note: { text, ...(data && { data }), at, turn, checkpoint }, turns }
      },
    },
    give(turnId) {
      const { note, turns } = session()
      const why = note?.forgotten
      if (!note || !why) return null
      publish({ type: "note_given", turnId, why })
      return toldNote(note, why, turns)
    },
  }
}

/** What its checkpoint is called. */
const titleOf = (text: string): string => (text.split("\n")[0] ?? "").slice(0, 200)
