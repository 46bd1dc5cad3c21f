import { Undo2 } from "lucide-react"
import type { CheckpointMark } from "#streams/session"
import { clockTime, plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { checkpointTitle, type Range, rangeOfCheckpoint, rangeText } from "../../-app/moments.ts"

/** When the files were kept, newest first. Each shows what was done since the one before it. */
export function Timeline(props: {
  readonly checkpoints: readonly CheckpointMark[]
  readonly range: Range
  readonly whole: Range
  readonly onRange: (range: Range) => void
  /** `null`: nothing can be put back from here. */
  readonly onRestore: ((n: number) => void) | null
}) {
  const { checkpoints, range, whole, onRange, onRestore } = props
  const chosen = rangeText(range)
  const look =
    "flex min-h-7 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-left hover:bg-sunken aria-pressed:bg-sunken aria-pressed:font-medium touch:min-h-11"
  return (
    <details className="shrink-0 border-b border-line text-row" open={innerWidth >= 640}>
      <summary className="px-4 py-1.5 text-note text-quiet touch:min-h-11 touch:py-3">
        {plural(checkpoints.length, "checkpoint")}
      </summary>
      <ol reversed aria-label="Checkpoints" className="max-h-44 overflow-y-auto px-2 pb-2">
        <li className="flex">
          <button
            type="button"
            className={look}
            aria-pressed={chosen === rangeText(whole)}
            onClick={() => onRange(whole)}
          >
            All of the session
          </button>
        </li>
        {checkpoints.toReversed().map((mark) => {
          const { n, at, changed, leftOut } = mark
          return (
            <li key={n} className="flex items-center gap-1">
              <button
                type="button"
                className={look}
                aria-pressed={chosen === rangeText(rangeOfCheckpoint(mark))}
                onClick={() => onRange(rangeOfCheckpoint(mark))}
              >
                <span className="w-6 shrink-0 text-right text-quiet figures">{n}</span>
                <span className="min-w-0 truncate">{plainText(checkpointTitle(mark))}</span>
                <span className="shrink-0 font-mono text-note figures">
                  <span className="text-good">+{changed.added}</span>{" "}
                  <span className="text-fail">−{changed.removed}</span>
                </span>
                {leftOut && <span className="shrink-0 text-note text-needs">{leftOut.count} left out</span>}
                <time className="ml-auto shrink-0 text-note text-quiet figures" dateTime={at}>
                  {clockTime(at)}
                </time>
              </button>
              {onRestore && (
                <button
                  type="button"
                  className="grid size-7 shrink-0 place-items-center rounded-md text-quiet hover:bg-sunken hover:text-ink touch:size-11"
                  aria-label={`Put files back to checkpoint ${n}`}
                  title="Put files back"
                  onClick={() => onRestore(n)}
                >
                  <Undo2 size={14} aria-hidden />
                </button>
              )}
            </li>
          )
        })}
      </ol>
    </details>
  )
}
