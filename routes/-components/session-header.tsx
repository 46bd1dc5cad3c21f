import { PanelRight, Search } from "lucide-react"
import type { Worktree } from "#streams/registry"
import { clockTime, shortPath } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { permissionTitle } from "../-app/permission-modes.ts"
import type { Connection, SessionHeader as Header } from "../-app/protocol.ts"
import { ConnectionNote } from "./connection-note.tsx"
import { SessionMenu } from "./session-menu.tsx"
import { StateMark } from "./state-mark.tsx"
import { UsageLine } from "./usage-line.tsx"

/** Who this is, how it is doing, what it cost, and what one does to a whole session. */
export function SessionHeader(props: {
  readonly header: Header
  readonly worktree: Worktree | null
  readonly connection: Connection
  readonly acting: boolean
  readonly panelOpen: boolean
  readonly onResume: () => void
  /** It is not to go on by itself when a limit is lifted. */
  readonly onStopWaiting: () => void
  readonly onFind: () => void
  readonly onPanel: () => void
}) {
  const { header, worktree, connection, acting, panelOpen, onResume, onStopWaiting, onFind, onPanel } = props
  const { limit } = header
  const look =
    "grid size-8 place-items-center rounded-md text-soft hover:bg-sunken aria-pressed:bg-sunken touch:size-11"
  return (
    <div className="shrink-0 border-b border-line px-3 py-1.5 sm:px-4">
      <div className="flex min-h-8 items-center gap-3">
        <h1 className="min-w-0 truncate font-semibold">{plainText(header.title)}</h1>
        <StateMark status={header.status} className="text-row" />
        <div className="ml-auto flex shrink-0 items-center gap-1">
          {(header.status === "interrupted" || header.status === "failed") && (
            <button type="button" className="control control-accent" disabled={acting} onClick={onResume}>
              {acting ? "Resuming…" : "Resume"}
            </button>
          )}
          <button
            type="button"
            className={`${look} max-sm:hidden`}
            aria-label="Search in this session"
            onClick={onFind}
          >
            <Search size={16} aria-hidden />
          </button>
          <button
            type="button"
            className={`${look} max-sm:hidden`}
            aria-label="Changes, usage, events"
            aria-pressed={panelOpen}
            onClick={onPanel}
          >
            <PanelRight size={16} aria-hidden />
          </button>
          <SessionMenu />
        </div>
      </div>
      <div className="flex items-center gap-x-4 text-note whitespace-nowrap text-quiet">
        <span>
          {header.agentType ?? "starting"}
          {header.model && <span className="font-mono"> {plainText(header.model)}</span>}
        </span>
        {header.workingDir && (
          <span className="min-w-0 truncate font-mono" title={header.workingDir}>
            {shortPath(plainText(header.workingDir), 48)}
          </span>
        )}
        {header.permissionMode === "bypass" && (
          <span className="font-medium text-needs">{permissionTitle(header.permissionMode)}</span>
        )}
        {worktree && (
          <span
            className="min-w-0 truncate font-mono max-sm:hidden"
            title={`In a work tree of its own, made from ${worktree.root}`}
          >
            ⎇ {plainText(worktree.branch ?? "no branch")}
          </span>
        )}
        {!worktree && header.git?.branch && (
          <span className="min-w-0 truncate font-mono max-md:hidden" title="Branch when it started">
            {plainText(header.git.branch)}
          </span>
        )}
        <span className="max-sm:hidden">
          <UsageLine usage={header.usage} />
        </span>
        <span className="ml-auto shrink-0">
          <ConnectionNote connection={connection} />
        </span>
      </div>
      {limit && (
        <p className="mt-1 text-row text-needs" role="status">
          {plainText(limit.message)}
          {limit.until &&
            (limit.resumes
              ? ` It goes on by itself at ${clockTime(limit.until)}.`
              : ` The limit ends at ${clockTime(limit.until)}.`)}
          {limit.resumes && (
            <button
              type="button"
              className="ml-2 underline underline-offset-2 touch:min-h-11"
              disabled={acting}
              onClick={onStopWaiting}
            >
              Do not wait
            </button>
          )}
        </p>
      )}
    </div>
  )
}
