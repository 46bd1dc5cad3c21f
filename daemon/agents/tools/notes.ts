/** The agent's own notes, for the agents that live in the daemon. */
import { z } from "zod"
import { NoteInput, type NoteTools } from "../../notes/notes.ts"
import { CHECKPOINT, PRIME } from "../../notes/told.ts"
import { defineTool, type Tool, ToolError } from "./tool.ts"

const notesIn = ({ notes }: { readonly notes?: NoteTools | undefined }): NoteTools => {
  if (notes) return notes
  throw new ToolError("There are no notes in this session: go on without.")
}

const checkpoint = defineTool({
  ...CHECKPOINT,
  kind: "think",
  asks: false,
  input: NoteInput,
  open: async (input, place) => {
    const notes = notesIn(place)
    return {
      title: "Keep a note on where it stands",
      run: async () => ({ output: JSON.stringify(await notes.write(input)) }),
    }
  },
})

const prime = defineTool({
  ...PRIME,
  kind: "think",
  asks: false,
  input: z.object({}),
  open: async (_, place) => {
    const notes = notesIn(place)
    return { title: "Read the last note", run: async () => ({ output: JSON.stringify(notes.last()) }) }
  },
})

export const noteTools: readonly Tool[] = [checkpoint, prime]
