import type { Moment } from "#streams/file-change"
import type { CheckpointMark } from "#streams/session"
import { hasBase, momentTitle, type Range } from "../../-app/moments.ts"

/** Any two moments of a session's files. */
export function MomentChoice(props: {
  readonly checkpoints: readonly CheckpointMark[]
  readonly range: Range
  /** Whether one looks at the past: what is now is none of it. */
  readonly past: boolean
  readonly onRange: (range: Range) => void
}) {
  const { checkpoints, range, past, onRange } = props
  const kept = checkpoints.map(({ n }) => n)
  const moments: readonly Moment[] = [
    "base",
    ...kept,
    ...(past ? [] : ([...(hasBase(checkpoints) ? ["head"] : []), "now"] as const)),
  ] as readonly Moment[]
  const choice = (name: "from" | "to", label: string) => (
    <label className="flex min-w-0 items-center gap-1.5 text-note text-quiet">
      {label}
      <select
        className="field h-8 w-auto max-w-44 min-w-0 py-1 text-row text-ink"
        value={String(range[name])}
        onChange={({ target: { value } }) => {
          const moment = moments.find((each) => String(each) === value)
          if (moment !== undefined) onRange({ ...range, [name]: moment })
        }}
      >
        {moments.map((moment) => (
          <option key={moment} value={String(moment)}>
            {momentTitle(moment, checkpoints)}
          </option>
        ))}
      </select>
    </label>
  )
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
      {choice("from", "From")}
      {choice("to", "to")}
    </div>
  )
}
