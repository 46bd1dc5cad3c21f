import { Pause, Play, SkipBack, SkipForward } from "lucide-react"
import { type ReactNode, useEffect, useId, useRef, useState } from "react"
import { useCommands } from "../-app/commands.ts"

const SPEEDS = [1, 4, 16] as const
// Events per second at 1×: about as fast as an agent is read.
const RATE = 12

/** The line of a session's events: to be dragged along, stepped through, and played. */
export function Scrubber(props: {
  readonly seq: number
  readonly max: number
  /** When that event was written. */
  readonly at: string | null
  /** Where turns begin. */
  readonly turns: readonly number[]
  readonly playAtFirst?: boolean
  readonly onSeq: (seq: number) => void
  readonly children?: ReactNode
}) {
  const { seq, max, at, turns, playAtFirst = false, onSeq, children } = props
  const id = useId()
  const [playing, setPlaying] = useState(playAtFirst)
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>(1)
  const latest = useRef({ seq, max, onSeq })
  latest.current = { seq, max, onSeq }

  const go = (next: number) => {
    setPlaying(false)
    onSeq(Math.min(max, Math.max(0, next)))
  }
  useEffect(() => {
    if (!playing) return
    const timer = setInterval(
      () => {
        const { seq: now, max: end, onSeq: move } = latest.current
        if (now >= end) setPlaying(false)
        else move(now + 1)
      },
      1_000 / RATE / speed,
    )
    return () => clearInterval(timer)
  }, [playing, speed])

  const toggle = () => {
    if (!playing && seq >= max) onSeq(0)
    setPlaying(!playing)
  }
  const turn = (step: 1 | -1) =>
    go(step > 0 ? (turns.find((each) => each > seq) ?? max) : (turns.findLast((each) => each < seq) ?? 0))
  useCommands("part", [
    { id: "scrub-back", group: "View", title: "One event back", run: () => go(seq - 1) },
    { id: "scrub-on", group: "View", title: "One event on", run: () => go(seq + 1) },
    { id: "scrub-play", group: "View", title: playing ? "Pause" : "Play", run: toggle },
  ])

  const time = at === null ? "" : new Date(at).toLocaleString()
  const look = "grid size-8 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
  return (
    <div className="mx-auto flex max-w-[80ch] flex-wrap items-center gap-x-2 gap-y-1 px-3 py-2 sm:px-4">
      <button type="button" className={look} aria-label="Previous turn" onClick={() => turn(-1)}>
        <SkipBack size={16} aria-hidden />
      </button>
      <button type="button" className={look} aria-label={playing ? "Pause" : "Play"} onClick={toggle}>
        {playing ? <Pause size={16} aria-hidden /> : <Play size={16} aria-hidden />}
      </button>
      <button type="button" className={look} aria-label="Next turn" onClick={() => turn(1)}>
        <SkipForward size={16} aria-hidden />
      </button>
      <input
        type="range"
        min={0}
        max={max}
        value={Math.min(seq, max)}
        list={`${id}-turns`}
        aria-label="Moment"
        aria-valuetext={`Event ${seq} of ${max}${time && `, ${time}`}`}
        className="h-8 min-w-24 flex-1 accent-run max-sm:order-first max-sm:basis-full touch:h-11"
        onChange={({ target: { valueAsNumber } }) => go(valueAsNumber)}
      />
      <datalist id={`${id}-turns`}>
        {turns.slice(0, 200).map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button
        type="button"
        className="h-8 min-w-10 rounded-md px-1.5 text-note text-soft figures hover:bg-sunken touch:h-11"
        aria-label={`Speed ${speed}, change`}
        onClick={() => setSpeed(SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1)}
      >
        {speed}×
      </button>
      <span className="text-note text-quiet figures" data-testid="moment">
        #{seq.toLocaleString("en")} of {max.toLocaleString("en")}
        {time && <span className="max-sm:hidden"> · {time}</span>}
      </span>
      {children}
    </div>
  )
}
