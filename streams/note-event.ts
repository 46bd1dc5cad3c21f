/** What an agent keeps on where it stands, and what came between it and its memory. */
import { z } from "zod"
import { TurnId } from "./ids.ts"
import { event, Turn } from "./stamp.ts"

/** What the agent keeps on where it stands. Of all its notes the last one counts. */
export const NoteWritten = event("note_written", {
  turnId: TurnId.optional(),
  text: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
  /** The checkpoint that has the files as they were then; absent where none could be taken. */
  checkpoint: z.number().int().positive().optional(),
})

/** The agent was given its last note again: before the turn's prompt, or since it asked for it. */
export const NoteGiven = event("note_given", {
  ...Turn,
  why: z.enum(["memory_lost", "compacted", "interrupted", "forked", "asked"]),
})
export type NoteGiven = z.infer<typeof NoteGiven>

/** The agent summed up its memory of the conversation to make room. */
export const ContextCompacted = event("context_compacted", Turn)
