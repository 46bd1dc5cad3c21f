/**
 * The agent's own notes on where it stands. The last one counts; it is given back when the agent may not know of it any
 * more. Pure.
 */
import type { SessionEvent } from "./event.ts"
import type { ItemOf, Note, Session, WhyGiven } from "./session.ts"

type NoteEvent = Extract<SessionEvent, { readonly type: "note_written" | "note_given" | "context_compacted" }>
type Body<Type extends "note" | "notice"> = Omit<ItemOf<Type>, "key" | "seq" | "at">

/** The last note once that happened, and what the transcript says of it. */
export function noteAfter(
  { note, turns }: Pick<Session, "note" | "turns">,
  event: NoteEvent,
): { readonly note: Note | null; readonly item?: Body<"note"> | Body<"notice"> } {
  switch (event.type) {
    case "note_written": {
      const { text, data, checkpoint = null, at } = event
      const said = { text, ...(data && { data }), checkpoint }
      return {
        note: { ...said, at, turn: turns, forgotten: null },
        item: { type: "note", ...said, given: null },
      }
    }
    case "note_given": {
      if (note === null) return { note }
      const { text, data, checkpoint } = note
      const now = { ...note, forgotten: null }
      // Whoever asked for it sees it as what its call gave.
      if (event.why === "asked") return { note: now }
      return { note: now, item: { type: "note", text, ...(data && { data }), checkpoint, given: event.why } }
    }
    case "context_compacted":
      return { note: forgotten(note, "compacted"), item: SUMMED_UP }
  }
}

const SUMMED_UP: Body<"notice"> = {
  type: "notice",
  severity: "info",
  category: "context",
  title: "The agent summed up its memory of the conversation to make room.",
}

/** The note, where something came between the agent and what it knew. What came first is the reason that is told. */
export const forgotten = (note: Note | null, why: WhyGiven): Note | null =>
  note && { ...note, forgotten: note.forgotten ?? why }

const REASONS: Record<WhyGiven, string> = {
  memory_lost: "Your memory of this conversation was lost.",
  compacted: "Your memory of this conversation was summed up to make room.",
  interrupted: "Your process ended while you worked.",
  forked: "You go on from a moment of another session.",
  asked: "You asked for it.",
}

const GIVEN: Record<WhyGiven, string> = {
  memory_lost: "its memory was lost",
  compacted: "its memory was summed up",
  interrupted: "it was cut off",
  forked: "it goes on from another session",
  asked: "it asked for it",
}

/** What a reader is told of a note before its text. */
export function noteHead({
  given,
  checkpoint = null,
}: {
  readonly given: WhyGiven | null
  readonly checkpoint?: number | null
}): string {
  const files = checkpoint === null ? "" : ` · files of checkpoint ${checkpoint}`
  return `${given === null ? "Note of the agent" : `The agent was given its last note again: ${GIVEN[given]}`}${files}`
}

/** The note as an agent is told it before its next prompt. */
export function toldNote(note: Note, why: WhyGiven, turns: number): string {
  const { text, data, turn, at, checkpoint } = note
  const since = turns - turn
  const age =
    since <= 0
      ? "in this turn"
      : since === 1
        ? "in the turn before this one"
        : `${since} turns before this one: what was done since is not in it`
  const files = checkpoint === null ? "" : ` The files as they were then are checkpoint ${checkpoint}.`
  return [
    `${REASONS[why]} This is the last note that you kept on where you stood, at ${at}, ${age}.${files} ` +
      "It is a record and asks nothing of you by itself.",
    "<note>",
    text,
    ...(data === undefined ? [] : [JSON.stringify(data)]),
    "</note>",
  ].join("\n")
}
