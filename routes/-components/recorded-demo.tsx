import { useMemo, useState } from "react"
import type { SessionId } from "#streams/ids"
import recorded from "../-app/recorded-demo.json" with { type: "json" }
import { openReplay } from "../-app/replay.ts"
import { Folds, foldState } from "./fold.tsx"
import { Plan } from "./plan.tsx"
import { Scrubber } from "./scrubber.tsx"
import { Transcript } from "./transcript.tsx"
import { rowsOf } from "./transcript-row.tsx"
import { WorkingDir } from "./working-dir.ts"

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches

/** A session that was recorded, played by the same fold and the same rows as a real one. No agent, no key. */
export default function RecordedDemo() {
  const replay = useMemo(() => {
    const opened = openReplay("ses_recorded" as SessionId)
    opened.add(recorded)
    return opened
  }, [])
  const max = replay.events.at(-1)?.seq ?? 0
  // Who wants no motion gets it standing at its end.
  const [seq, setSeq] = useState(() => (still() ? max : 0))
  const [folds] = useState(() => foldState())
  const session = useMemo(() => replay.at(seq), [replay, seq])
  const rows = useMemo(() => rowsOf(session.items), [session])
  const turns = useMemo(
    () => replay.events.filter(({ type }) => type === "turn_started").map((event) => event.seq),
    [replay],
  )
  return (
    <section aria-label="A recorded session" className="mt-10">
      <h2 className="mb-1 font-semibold">What it looks like</h2>
      <p className="mb-3 text-row text-quiet">
        A recorded session of the demo agent. Drag, pause, open what you like: this is the real page.
      </p>
      <Folds value={folds}>
        <WorkingDir value={session.workingDir}>
          <div className="overflow-hidden rounded-lg border border-line">
            <Plan plan={session.plan} />
            <div className="flex h-96">
              <Transcript rows={rows} hasMore={false} onOlder={() => undefined} busy={false} />
            </div>
            <div className="border-t border-line bg-raised">
              <Scrubber seq={seq} max={max} at={null} turns={turns} playAtFirst={!still()} onSeq={setSeq} />
            </div>
          </div>
        </WorkingDir>
      </Folds>
    </section>
  )
}
