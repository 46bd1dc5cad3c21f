import { GitFork } from "lucide-react"
import { createContext, useContext } from "react"

/** Begins a fork before the message of that event; `null` where none can be made. */
export const ForkHere = createContext<((seq: number) => void) | null>(null)

/** At a message of a person: a new session that goes on from before it. Seen when the row is pointed at or has the focus. */
export function ForkButton({ seq }: { readonly seq: number }) {
  const onFork = useContext(ForkHere)
  if (onFork === null) return null
  return (
    <button
      type="button"
      className="grid size-6 place-items-center rounded text-quiet opacity-0 group-focus-within/row:opacity-100 group-hover/row:opacity-100 hover:bg-paper hover:text-ink touch:-my-2.5 touch:size-11 touch:opacity-100"
      aria-label="Fork from here"
      title="Fork from here: a new session that says this otherwise, or again"
      onClick={() => onFork(seq)}
    >
      <GitFork size={13} aria-hidden />
    </button>
  )
}
