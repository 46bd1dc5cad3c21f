import clsx from "clsx"
import { ChevronRight } from "lucide-react"
import { createContext, type ReactNode, useContext, useId, useReducer } from "react"

/** Which folds a person opened or closed. Rows of a virtual list come and go; this stays with the page. */
export interface FoldState {
  readonly chosen: Map<string, boolean>
  /** All that were not chosen one by one; `null`: as each is at first. */
  readonly all: boolean | null
}
export const foldState = (all: boolean | null = null): FoldState => ({ chosen: new Map(), all })
export const Folds = createContext<FoldState>(foldState())

/** A line that opens. */
export function Fold(props: {
  readonly foldKey: string
  readonly summary: ReactNode
  readonly children: ReactNode
  readonly openAtFirst?: boolean
  readonly className?: string
}) {
  const { foldKey, summary, children, openAtFirst = false, className } = props
  const folds = useContext(Folds)
  const id = useId()
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const open = folds.chosen.get(foldKey) ?? folds.all ?? openAtFirst
  const toggle = () => {
    folds.chosen.set(foldKey, !open)
    redraw()
  }
  return (
    <div className={className}>
      <button
        type="button"
        className="fold-row"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={toggle}
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={clsx("shrink-0 text-quiet transition-transform", open && "rotate-90")}
        />
        {summary}
      </button>
      {open && (
        <div id={id} className="mt-1 mb-2 ml-3.75 border-l border-line pl-3.5">
          {children}
        </div>
      )}
    </div>
  )
}
