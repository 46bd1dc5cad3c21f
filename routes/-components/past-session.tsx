import { useEffect, useMemo, useState } from "react"
import type { ReplayLine } from "../-app/replay-client.ts"
import { useEventsRead, useReplayed } from "../-app/replay-client.ts"
import { Plan } from "./plan.tsx"
import { Scrubber } from "./scrubber.tsx"
import { Transcript } from "./transcript.tsx"
import { rowsOf } from "./transcript-row.tsx"
import { UsageLine } from "./usage-line.tsx"

// What is drawn of a moment at first; more when somebody scrolls up.
const TAIL = 400

/** A session as it was after one of its events: the transcript, the plan and the usage of then. */
export default function PastSession(props: {
  readonly replay: ReplayLine
  readonly at: number
  readonly max: number
  readonly onAt: (seq: number) => void
  readonly onLeave: () => void
}) {
  const { replay, max, onAt, onLeave } = props
  const [seq, setSeq] = useState(props.at)
  const [tail, setTail] = useState(TAIL)
  const read = useEventsRead(replay)
  const { value: moment, problem } = useReplayed(replay, "at", { seq, tail }, seq)
  const { value: turns } = useReplayed(replay, "turns", null, max)
  const rows = useMemo(() => rowsOf(moment?.items ?? []), [moment])

  // The address follows when the hand rests; it may also be changed from outside.
  useEffect(() => setSeq(props.at), [props.at])
  useEffect(() => {
    if (seq === props.at) return
    const timer = setTimeout(() => onAt(seq), 250)
    return () => clearTimeout(timer)
  }, [seq, props.at, onAt])

  return (
    <>
      {moment && <Plan plan={moment.header.plan} />}
      {moment ? (
        <Transcript rows={rows} hasMore={moment.hasMore} onOlder={() => setTail(tail + TAIL)} busy={false} />
      ) : (
        <p className="flex-1 px-4 py-6 text-quiet figures" role="status">
          {problem ?? `Reading the history… ${read.toLocaleString("en")} of ${max.toLocaleString("en")}`}
        </p>
      )}
      <section aria-label="Past" className="shrink-0 border-t-2 border-resume bg-resume-tint">
        <Scrubber
          seq={seq}
          max={max}
          at={moment?.at ?? null}
          turns={turns?.map((turn) => turn.seq) ?? []}
          onSeq={setSeq}
        >
          {moment && <UsageLine usage={moment.header.usage} />}
          <button type="button" className="control ml-auto" onClick={onLeave}>
            Back to now
          </button>
        </Scrubber>
      </section>
    </>
  )
}
