import { useState } from "react"
import { clockTime } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import type { RawEvent } from "../-app/replay.ts"
import { type ReplayLine, useReplayed } from "../-app/replay-client.ts"
import { Fold } from "./fold.tsx"

const PAGE = 100

/** The events themselves, as the stream has them, the newest page first. */
export function EventsPanel({ replay, seq }: { readonly replay: ReplayLine; readonly seq: number }) {
  const [type, setType] = useState<string | null>(null)
  const [from, setFrom] = useState<number | null>(null)
  const { value: head } = useReplayed(replay, "events", { from: 0, count: 0, type }, seq)
  const total = head?.total ?? 0
  const last = Math.max(0, Math.floor((total - 1) / PAGE) * PAGE)
  const start = Math.min(from ?? last, last)
  const { value: page, problem } = useReplayed(replay, "events", { from: start, count: PAGE, type }, seq)
  if (!head || !page)
    return <p className="px-4 py-3 text-row text-quiet">{problem ?? "Reading the history…"}</p>
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-3 py-1.5 text-row">
        <select
          className="field h-8 w-auto! py-0! text-row!"
          aria-label="Type of event"
          value={type ?? ""}
          onChange={({ target: { value } }) => {
            setType(value === "" ? null : value)
            setFrom(null)
          }}
        >
          <option value="">All types</option>
          {head.types.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
        <span className="text-note text-quiet figures">
          {total === 0 ? "none" : `${start + 1}–${Math.min(total, start + PAGE)} of ${total}`}
        </span>
        <div className="ml-auto flex gap-1">
          <button
            type="button"
            className="control"
            disabled={start === 0}
            onClick={() => setFrom(Math.max(0, start - PAGE))}
          >
            Older
          </button>
          <button
            type="button"
            className="control"
            disabled={start >= last}
            onClick={() => setFrom(start + PAGE >= last ? null : start + PAGE)}
          >
            Newer
          </button>
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
      <section className="min-h-0 flex-1 overflow-y-auto px-2 py-1" tabIndex={0} aria-label="Events">
        {page.events.map((event, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a repeat has the id of what it repeats
          <RawRow key={`${String(event.id)} ${index}`} event={event} />
        ))}
      </section>
    </>
  )
}

function RawRow({ event }: { readonly event: RawEvent }) {
  return (
    <Fold
      foldKey={`raw ${String(event.id)}`}
      summary={
        <>
          <span className="w-14 shrink-0 text-right text-note text-quiet figures">#{String(event.seq)}</span>
          <span className="min-w-0 truncate font-mono text-note">{plainText(String(event.type))}</span>
          <span className="ml-auto shrink-0 text-note text-quiet figures">
            {typeof event.at === "string" && clockTime(event.at)}
          </span>
        </>
      }
    >
      <pre className="overflow-x-auto font-mono text-note whitespace-pre-wrap [overflow-wrap:anywhere]">
        {plainText(JSON.stringify(event, null, 2))}
      </pre>
    </Fold>
  )
}
