import { costText, shortCount, shortPath } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { permissionTitle } from "../-app/permission-modes.ts"
import type { Connection, SessionHeader as Header } from "../-app/protocol.ts"
import { ConnectionNote } from "./connection-note.tsx"
import { StateMark } from "./state-mark.tsx"

/** Who this is, how it is doing, what it cost, and the two things one does to a whole session. */
export function SessionHeader(props: {
  readonly header: Header
  readonly connection: Connection
  readonly acting: boolean
  readonly onResume: () => void
}) {
  const { header, connection, acting, onResume } = props
  const { usage } = header
  return (
    <div className="shrink-0 border-b border-line px-3 py-1.5 sm:px-4">
      <div className="flex min-h-8 items-center gap-3">
        <h1 className="min-w-0 truncate font-semibold">{plainText(header.title)}</h1>
        <StateMark status={header.status} className="text-row" />
        <div className="ml-auto flex shrink-0 items-center gap-2">
          {(header.status === "interrupted" || header.status === "failed") && (
            <button type="button" className="control control-accent" disabled={acting} onClick={onResume}>
              {acting ? "Resuming…" : "Resume"}
            </button>
          )}
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
        {header.permissionMode && (
          <span className={header.permissionMode === "bypass" ? "font-medium text-needs" : "max-sm:hidden"}>
            {permissionTitle(header.permissionMode)}
          </span>
        )}
        <span
          className="figures max-sm:hidden"
          hidden={usage.inputTokens + usage.outputTokens === 0}
          data-testid="usage"
        >
          {shortCount(usage.inputTokens)} in · {shortCount(usage.outputTokens)} out
          {usage.costUsd !== null && usage.costUsd > 0 && ` · ${costText(usage.costUsd)}`}
        </span>
        <span className="ml-auto shrink-0">
          <ConnectionNote connection={connection} />
        </span>
      </div>
    </div>
  )
}
