import clsx from "clsx"
import { X } from "lucide-react"
import { type CSSProperties, useState } from "react"
import { rangeOfCheckpoint, rangeText } from "../-app/moments.ts"
import { usePanelWidth } from "../-app/panel-width.ts"
import type { ReplayLine } from "../-app/replay-client.ts"
import { EventsPanel } from "./events-panel.tsx"
import { FilesPanel, type FilesPanelProps } from "./files/files-panel.tsx"
import { ToldChanges } from "./files/told-changes.tsx"
import { type Noted, NotePanel, PastNotePanel } from "./note-panel.tsx"
import { PanelEdge } from "./panel-edge.tsx"
import { PANELS, type Panel } from "./session-panels.ts"
import { TurnsPanel } from "./turns-panel.tsx"

const TITLE: Record<Panel, string> = { changes: "Files", note: "Note", usage: "Usage", events: "Events" }

/** What else there is to see of a session: beside the transcript on a desk, over it on a phone. */
export default function SidePanel(props: {
  readonly panel: Panel
  readonly replay: ReplayLine
  readonly seq: number
  readonly onPanel: (panel: Panel | null) => void
  readonly onGo: (seq: number) => void
  readonly noted: Noted
  readonly files: Omit<FilesPanelProps, "wide" | "onWide" | "told">
}) {
  const { panel, replay, seq, onPanel, onGo, noted, files } = props
  const showFiles = (n: number) => files.onRange(rangeText(rangeOfCheckpoint({ n })))
  const [wide, setWide] = useState(false)
  const over = panel === "changes" && wide
  const width = usePanelWidth(panel === "changes" ? "files" : "others", panel === "changes" ? 50 : 38)
  return (
    <aside
      aria-label={TITLE[panel]}
      className={clsx(
        "relative flex min-h-0 flex-col border-line bg-paper max-lg:absolute max-lg:inset-0 max-lg:z-20 lg:border-l",
        over ? "lg:absolute lg:inset-0 lg:z-20" : "lg:w-(--panel) lg:min-w-80",
      )}
      style={{ "--panel": `${width.share}vw` } as CSSProperties}
    >
      {!over && <PanelEdge width={width} controls="side-panel" />}
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
        {panel === "changes" && (
          <FilesPanel
            {...files}
            wide={wide}
            onWide={() => setWide(!wide)}
            told={<ToldChanges replay={replay} seq={seq} />}
          />
        )}
        {panel === "note" &&
          (files.at === null ? (
            <NotePanel {...noted} onFiles={showFiles} />
          ) : (
            <PastNotePanel replay={replay} at={files.at} onFiles={showFiles} />
          ))}
        {panel === "usage" && <TurnsPanel replay={replay} seq={seq} onGo={onGo} />}
        {panel === "events" && <EventsPanel replay={replay} seq={seq} />}
      </div>
    </aside>
  )
}
