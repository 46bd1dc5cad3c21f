import type { Decision } from "#streams/event"
import { undoAnswer, useHeldAnswers } from "../-app/answers.ts"
import { useCommands } from "../-app/commands.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { KeysOf } from "./key-caps.tsx"

const DONE: Record<Decision, string> = { allow: "Allowed", allow_always: "Always allowed", deny: "Denied" }

/** The answer that was given last, for as long as it can be taken back. */
export function UndoNote() {
  const held = useHeldAnswers()
  const last = held.at(-1)
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 top-14 z-40 flex justify-center px-4">
      {last && (
        <>
          <UndoCommand />
          <span className="pointer-events-auto flex max-w-full items-center gap-3 rounded-md bg-accent py-1 pr-1 pl-3 text-row text-accent-ink shadow-md">
            <span className="min-w-0 truncate">
              {DONE[last.answer.decision]}: {plainText(last.request.title)}
            </span>
            <button
              type="button"
              className="flex shrink-0 items-center gap-2 rounded px-2 py-1 font-semibold underline underline-offset-2 touch:min-h-11"
              onClick={last.undo}
            >
              Undo
              <KeysOf command="undo-answer" />
            </button>
          </span>
        </>
      )}
    </div>
  )
}

function UndoCommand() {
  useCommands("part", [
    { id: "undo-answer", group: "Answer", title: "Take the answer back", run: undoAnswer },
  ])
  return null
}
