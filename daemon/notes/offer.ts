/** Notes within reach of the session's agent, whatever kind of agent it is; or none, where the user wants none. */
import { type Notes, type NotesOptions, type NoteTools, notesOf } from "./notes.ts"
import { type NotesServer, type OwnServer, serveNotes } from "./server.ts"

export interface OfferedNotes extends Pick<Notes, "give">, AsyncDisposable {
  /** For an agent inside the daemon. */
  readonly tools?: NoteTools
  /** For one that is a process; begins to serve when the first one asks. */
  readonly server?: () => Promise<OwnServer>
}

export function offerNotes({
  offered,
  token,
  ...options
}: NotesOptions & { readonly offered: boolean; readonly token: string }): OfferedNotes {
  if (!offered) return { give: () => null, [Symbol.asyncDispose]: async () => undefined }
  const notes = notesOf(options)
  let serving: Promise<NotesServer> | null = null
  return {
    ...notes,
    async server() {
      serving ??= serveNotes(notes.tools, token)
      return (await serving).server
    },
    async [Symbol.asyncDispose]() {
      await (await serving)?.[Symbol.asyncDispose]()
    },
  }
}
