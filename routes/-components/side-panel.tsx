import clsx from "clsx"
import { X } from "lucide-react"
import { type ReplayLine, useReplayed } from "../-app/replay-client.ts"
import { EventsPanel } from "./events-panel.tsx"
import { FileDiff } from "./file-diff.tsx"
import { PANELS, type Panel } from "./session-panels.ts"
import { TurnsPanel } from "./turns-panel.tsx"

const TITLE: Record<Panel, string> = { changes: "Changes", usage: "Usage", events: "Events" }

/** What else there is to see of a session: beside the transcript on a desk, over it on a phone. */
export default function SidePanel(props: {
  readonly panel: Panel
  readonly replay: ReplayLine
  readonly seq: number
  readonly onPanel: (panel: Panel | null) => void
  readonly onGo: (seq: number) => void
}) {
  const { panel, replay, seq, onPanel, onGo } = props
  return (
    <aside
      aria-label={TITLE[panel]}
      className="flex min-h-0 flex-col border-line bg-paper max-lg:absolute max-lg:inset-0 max-lg:z-20 lg:w-[min(36rem,42vw)] lg:border-l"
    >
      <div className="flex shrink-0 items-center border-b border-line px-2">
        <div role="tablist" aria-label="Panels" className="flex flex-1 text-row">
          {PANELS.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              id={`tab-${each}`}
              aria-selected={each === panel}
              aria-controls="side-panel"
              className={clsx(
                "border-b-2 px-2.5 py-2 touch:min-h-11",
                each === panel ? "border-ink font-medium" : "border-transparent text-quiet hover:text-ink",
              )}
              onClick={() => onPanel(each)}
            >
              {TITLE[each]}
            </button>
          ))}
        </div>
        <button
          type="button"
          className="grid size-8 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
          aria-label="Close panel"
          onClick={() => onPanel(null)}
        >
          <X size={16} aria-hidden />
        </button>
      </div>
      <div
        id="side-panel"
        role="tabpanel"
        aria-labelledby={`tab-${panel}`}
        className="flex min-h-0 flex-1 flex-col"
      >
        {panel === "changes" && <ChangesPanel replay={replay} seq={seq} />}
        {panel === "usage" && <TurnsPanel replay={replay} seq={seq} onGo={onGo} />}
        {panel === "events" && <EventsPanel replay={replay} seq={seq} />}
      </div>
    </aside>
  )
}

function ChangesPanel({ replay, seq }: { readonly replay: ReplayLine; readonly seq: number }) {
  const { value: files, problem } = useReplayed(replay, "changes", null, seq)
  if (!files) return <p className="px-4 py-3 text-row text-quiet">{problem ?? "Reading the history…"}</p>
  if (files.length === 0)
    return <p className="px-4 py-3 text-row text-quiet">No file changes in this session.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="min-h-0 flex-1 overflow-y-auto px-2 py-2" tabIndex={0} aria-label="Changed files">
      {files.flatMap(({ path, changes }) =>
        changes.map((change, index) => (
          <FileDiff
            // biome-ignore lint/suspicious/noArrayIndexKey: a change of a file has no identity but its place
            key={`${path} ${index}`}
            change={change}
            foldKey={`panel ${path} ${index}`}
            open={files.length === 1}
          />
        )),
      )}
    </section>
  )
}
