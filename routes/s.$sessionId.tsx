import { createFileRoute, useLocation } from "@tanstack/react-router"
import { useCallback, useMemo } from "react"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { useListed, useLiveSession } from "./-app/live.ts"
import { seqOfHash } from "./-app/message-link.ts"
import { rangeOf } from "./-app/moments.ts"
import { usePageTitle } from "./-app/page-title.ts"
import type { Connection } from "./-app/protocol.ts"
import { NotHere } from "./-components/not-here.tsx"
import { SessionPage } from "./-components/session-page.tsx"
import { PANELS, type Panel } from "./-components/session-panels.ts"

interface SessionSearch {
  /** The event after which the session is shown; absent: as it is now. */
  readonly at?: number
  readonly panel?: Panel
  /** Between which moments files are compared: `base..3`. */
  readonly diff?: string
}

export const Route = createFileRoute("/s/$sessionId")({
  validateSearch: ({ at, panel, diff }: Record<string, unknown>): SessionSearch => ({
    ...(/^\d{1,9}$/.test(String(at)) && { at: Number(at) }),
    ...(PANELS.includes(panel as Panel) && { panel: panel as Panel }),
    ...(rangeOf(String(diff)) && { diff: String(diff) }),
  }),
  component: SessionRoute,
})

function SessionRoute() {
  const { sessionId } = Route.useParams()
  // The engine reads the id; one that is none is a session that is not here.
  return <OpenSession key={sessionId} sessionId={sessionId as SessionId} />
}

function OpenSession({ sessionId }: { readonly sessionId: SessionId }) {
  const live = useLiveSession(sessionId)
  const { at = null, panel = null, diff: range = null } = Route.useSearch()
  const target = seqOfHash(useLocation({ select: ({ hash }) => hash }))
  const navigate = Route.useNavigate()
  const onAt = useCallback(
    (seq: number | null) =>
      void navigate({
        search: ({ at: _, ...rest }) => ({ ...rest, ...(seq !== null && { at: seq }) }),
        replace: seq !== null,
      }),
    [navigate],
  )
  const onPanel = useCallback(
    (next: Panel | null) =>
      void navigate({
        search: ({ panel: _, ...rest }) => ({ ...rest, ...(next !== null && { panel: next }) }),
        hash: true,
      }),
    [navigate],
  )
  const onRange = useCallback(
    (next: string | null) =>
      void navigate({
        search: ({ diff: _, ...rest }) => ({
          ...rest,
          panel: "changes" as const,
          ...(next !== null && { diff: next }),
        }),
        hash: true,
      }),
    [navigate],
  )
  const onTarget = useCallback(
    (seq: number) => void navigate({ search: true, hash: String(seq), replace: true }),
    [navigate],
  )
  // The list hears of a new title first.
  const renamed = useListed(({ entries }) => entries.get(sessionId)?.title)
  const archived = useListed(({ entries }) => entries.get(sessionId)?.archivedAt !== undefined)
  const worktree = useListed(({ entries }) => entries.get(sessionId)?.worktree ?? null)
  const stream = useListed(
    ({ entries }) => entries.get(sessionId)?.archive?.stream ?? paths.events(sessionId),
  )
  const header = useMemo(
    () => live.header && { ...live.header, title: renamed ?? live.header.title },
    [live.header, renamed],
  )
  usePageTitle(header?.title ?? sessionId)
  if (live.connection.state === "unknown")
    return <NotHere what={`Session ${sessionId}`} detail={live.connection.message} />
  if (!header)
    return (
      <div className="px-4 py-6">
        <h1 className="sr-only">Session {sessionId}</h1>
        <p className="text-quiet">
          {live.connection.state === "reconnecting"
            ? "The agentz server does not answer. This page opens when it is back."
            : "Opening the session…"}
        </p>
      </div>
    )
  const connection: Connection =
    archived && (live.connection.state === "connecting" || live.connection.state === "live")
      ? { state: "archived" }
      : live.connection
  const place = { at, panel, range, target, onAt, onPanel, onRange, onTarget }
  return (
    <SessionPage
      {...live}
      connection={connection}
      header={header}
      sessionId={sessionId}
      archived={archived}
      worktree={worktree}
      stream={stream}
      place={place}
    />
  )
}
