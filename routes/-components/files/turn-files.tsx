import { Undo2 } from "lucide-react"
import { createContext, useContext } from "react"
import type { TurnId } from "#streams/ids"
import type { CheckpointMark } from "#streams/session"
import { plural } from "../../-app/figures.ts"

/** What a transcript needs to know of the files: `null` where it shows the past. */
interface TurnFilesOf {
  readonly checkpoints: readonly CheckpointMark[]
  readonly onShow: (mark: CheckpointMark) => void
  readonly onRestore: (n: number) => void
}
export const TurnFilesContext = createContext<TurnFilesOf | null>(null)

/** At the end of a turn: which files it changed, and the way back to them. */
export function TurnFiles({ turnId }: { readonly turnId: TurnId }) {
  const files = useContext(TurnFilesContext)
  const mark = files?.checkpoints.find((each) => each.turnId === turnId && each.when === "after_turn")
  if (!files || !mark) return null
  const { changed, n } = mark
  return (
    <span className="flex shrink-0 items-center gap-1">
      <button
        type="button"
        className="rounded px-1.5 figures hover:bg-sunken hover:text-ink touch:min-h-11"
        onClick={() => files.onShow(mark)}
      >
        {plural(changed.files, "file")} <span className="text-good">+{changed.added}</span>{" "}
        <span className="text-fail">−{changed.removed}</span>
      </button>
      <button
        type="button"
        className="grid size-6 place-items-center rounded hover:bg-sunken hover:text-ink touch:size-11"
        aria-label="Go back to here"
        title="Puts the files back as they were here"
        onClick={() => files.onRestore(n)}
      >
        <Undo2 size={13} aria-hidden />
      </button>
    </span>
  )
}
