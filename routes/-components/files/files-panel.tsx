import { Columns2, Maximize2, Minimize2 } from "lucide-react"
import { type ReactNode, useMemo, useState } from "react"
import type { SessionId } from "#streams/ids"
import type { CheckpointMark } from "#streams/session"
import type { WorkspaceState } from "#streams/workspace-fold"
import { useCommands } from "../../-app/commands.ts"
import { clearComments, messageOf, useComments } from "../../-app/comments.ts"
import { addToDraft } from "../../-app/draft.ts"
import { plural } from "../../-app/figures.ts"
import { checkpointsAt, filePatches, type Range, rangeOf, rangeText, wholeRange } from "../../-app/moments.ts"
import { toast } from "../../-app/toast.ts"
import { useDiff } from "../../-app/use-diff.ts"
import { ChangedFile } from "./changed-file.tsx"
import { MomentChoice } from "./moment-choice.tsx"
import { PushStand } from "./push-stand.tsx"
import { Timeline } from "./timeline.tsx"

export interface FilesPanelProps {
  readonly sessionId: SessionId
  readonly checkpoints: readonly CheckpointMark[]
  readonly workspace: WorkspaceState
  /** The event after which the session is shown; `null`: as it is now. */
  readonly at: number | null
  /** What the address says of it. */
  readonly range: string | null
  readonly onRange: (range: string | null) => void
  /** Changes when files may have changed. */
  readonly version: string
  readonly wide: boolean
  readonly onWide: () => void
  readonly onRestore: (n: number) => void
  readonly onWrite: () => void
  /** What the agent told of its changes, where no checkpoint has them. */
  readonly told: ReactNode
}

// A few files of a few lines are read at once; more of them one by one.
const OPEN_FILES = 3
const OPEN_LINES = 300

/** What became of the files of a session: when they were kept, what changed between two moments, and how. */
export function FilesPanel(props: FilesPanelProps) {
  const { sessionId, at, wide, onRange, onWide } = props
  const checkpoints = useMemo(() => checkpointsAt(props.checkpoints, at), [props.checkpoints, at])
  const whole = wholeRange(checkpoints, at)
  const range = (props.range === null ? null : rangeOf(props.range)) ?? whole
  const choose = (next: Range) => onRange(rangeText(next) === rangeText(whole) ? null : rangeText(next))
  if (checkpoints.length === 0)
    return (
      <>
        <p className="px-4 pt-3 text-row text-quiet">
          {at === null
            ? "No checkpoint has the files of this session: this is what the agent told."
            : "No checkpoint had the files yet at that moment: this is what the agent told since."}
        </p>
        {props.told}
      </>
    )
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line px-3 py-2">
        <MomentChoice checkpoints={checkpoints} range={range} past={at !== null} onRange={choose} />
        <button
          type="button"
          className="ml-auto grid size-8 place-items-center rounded-md text-soft hover:bg-sunken max-lg:hidden"
          aria-label={wide ? "Make the panel narrow" : "Make the panel wide"}
          onClick={onWide}
        >
          {wide ? <Minimize2 size={15} aria-hidden /> : <Maximize2 size={15} aria-hidden />}
        </button>
      </div>
      {at === null && <PushStand workspace={props.workspace} checkpoints={checkpoints} />}
      <Timeline
        checkpoints={checkpoints}
        range={range}
        whole={whole}
        onRange={choose}
        onRestore={at === null ? props.onRestore : null}
      />
      <Changes {...props} range={range} checkpoints={checkpoints} />
      <Comments sessionId={sessionId} onWrite={props.onWrite} />
    </div>
  )
}

function Changes({
  sessionId,
  range,
  version,
  told,
}: Omit<FilesPanelProps, "range"> & { readonly range: Range }) {
  const { diff, refusal } = useDiff(sessionId, range, range.to === "now" ? version : "")
  const [split, setSplit] = useState(false)
  const [at, setAt] = useState(0)
  const comments = useComments(sessionId)
  const files = useMemo(() => (diff ? filePatches(diff.files, diff.patch) : []), [diff])
  const current = Math.min(at, files.length - 1)
  const go = (index: number) => {
    const to = Math.max(0, Math.min(files.length - 1, index))
    setAt(to)
    document.getElementById(`changed-file-${to}`)?.querySelector("button")?.focus()
    document.getElementById(`changed-file-${to}`)?.scrollIntoView({ block: "nearest" })
  }
  useCommands(
    "part",
    files.length === 0
      ? []
      : [
          { id: "file-after", group: "Files", title: "Next file", run: () => go(current + 1) },
          {
            id: "file-before",
            group: "Files",
            title: "Previous file",
            run: () => go(current - 1),
          },
          {
            id: "split",
            group: "Files",
            title: split ? "Lines below each other" : "Before and after beside each other",
            run: () => setSplit(!split),
          },
        ],
  )
  if (refusal)
    return (
      <>
        <p role="alert" className="px-4 pt-3 text-row text-fail">
          {refusal.message}
        </p>
        {told}
      </>
    )
  if (!diff) return <p className="px-4 py-3 text-row text-quiet">Comparing…</p>
  const added = files.reduce((sum, file) => sum + (file.added ?? 0), 0)
  const removed = files.reduce((sum, file) => sum + (file.removed ?? 0), 0)
  const open = files.length <= OPEN_FILES && added + removed <= OPEN_LINES
  return (
    <>
      <div className="flex shrink-0 items-center gap-3 px-4 pt-2 text-row">
        <p role="status">
          {files.length === 0 ? (
            <span className="text-quiet">Nothing differs.</span>
          ) : (
            <span className="figures">
              {plural(files.length, "file")} <span className="text-good">+{added}</span>{" "}
              <span className="text-fail">−{removed}</span>
            </span>
          )}
        </p>
        {files.length > 0 && (
          <button
            type="button"
            className="control ml-auto max-sm:hidden"
            aria-pressed={split}
            onClick={() => setSplit(!split)}
          >
            <Columns2 size={14} aria-hidden /> Split
          </button>
        )}
      </div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
        tabIndex={0}
        aria-label="Changed files"
        className="min-h-0 flex-1 overflow-y-auto px-2 py-2"
      >
        {files.map((file, index) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the keys go to the file that has the focus
          <div
            key={file.path}
            id={`changed-file-${index}`}
            onFocus={() => setAt(index)}
            className={index === current ? "row-marked" : undefined}
          >
            <ChangedFile
              sessionId={sessionId}
              file={file}
              range={range}
              split={split}
              current={index === current}
              open={open}
              comments={comments}
            />
          </div>
        ))}
      </section>
    </>
  )
}

/** Comments that wait to be put into a message. */
function Comments({ sessionId, onWrite }: { readonly sessionId: SessionId; readonly onWrite: () => void }) {
  const comments = useComments(sessionId)
  const write = () => {
    addToDraft(sessionId, messageOf(comments))
    clearComments(sessionId)
    toast(`${plural(comments.length, "comment")} put into the message`)
    onWrite()
  }
  useCommands(
    "part",
    comments.length === 0
      ? []
      : [
          {
            id: "write-comments",
            group: "Files",
            title: "Put comments into the message",
            run: write,
          },
        ],
  )
  if (comments.length === 0) return null
  return (
    <div className="flex shrink-0 items-center gap-3 border-t border-line px-4 py-2 text-row">
      <span className="flex-1">{plural(comments.length, "comment")}</span>
      <button type="button" className="control" onClick={() => clearComments(sessionId)}>
        Drop
      </button>
      <button type="button" className="control control-accent" onClick={write}>
        Put into the message
      </button>
    </div>
  )
}
