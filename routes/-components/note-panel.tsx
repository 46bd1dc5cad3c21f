import type { Session } from "#streams/session"
import { clockTime, plural } from "../-app/figures.ts"
import { type ReplayLine, useReplayed } from "../-app/replay-client.ts"
import { NoteBody } from "./note.tsx"

export type Noted = Pick<Session, "note" | "turns">
type OnFiles = (n: number) => void

/** Where the agent said that it stood at an earlier moment. */
export function PastNotePanel(props: {
  readonly replay: ReplayLine
  readonly at: number
  readonly onFiles: OnFiles
}) {
  const { replay, at, onFiles } = props
  const { value: moment, problem } = useReplayed(replay, "at", { seq: at, tail: 1 }, at)
  if (!moment) return <p className="px-4 py-3 text-row text-quiet">{problem ?? "Reading the history…"}</p>
  return <NotePanel {...moment.header} onFiles={onFiles} />
}

/** Where the agent says it stands: its last note, and what would bring that back to it. */
export function NotePanel({ note, turns, onFiles }: Noted & { readonly onFiles: OnFiles }) {
  if (note === null)
    return (
      <p className="px-4 py-3 text-row text-quiet">
        The agent has kept no note. It may keep one whenever it likes, and is given the last one back when it
        has lost its memory, was cut off or is forked.
      </p>
    )
  const { at, turn, checkpoint, forgotten } = note
  const since = turns - turn
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="min-h-0 flex-1 overflow-auto px-4 py-3" tabIndex={0} aria-label="Last note">
      <p className="mb-3 flex flex-wrap gap-x-3 text-note text-quiet">
        <span>
          Kept at{" "}
          <time className="figures" dateTime={at}>
            {clockTime(at)}
          </time>
          {since > 0 && `, ${plural(since, "turn")} ago`}
        </span>
        {checkpoint !== null && (
          <button
            type="button"
            className="underline underline-offset-2 touch:min-h-11"
            onClick={() => onFiles(checkpoint)}
          >
            Files of checkpoint {checkpoint}
          </button>
        )}
        {forgotten !== null && <span>The agent is given it again with its next turn.</span>}
      </p>
      <NoteBody note={note} />
    </section>
  )
}
