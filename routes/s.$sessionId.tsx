import { createFileRoute } from "@tanstack/react-router"
import { useCallback, useMemo, useState } from "react"
import type { SessionId } from "#streams/ids"
import { needsDaemon } from "#streams/session"
import { openApi } from "./-app/api.ts"
import { askOlder, useLiveSession } from "./-app/live.ts"
import { sendMessage, useOutbox } from "./-app/outbox.ts"
import { usePageTitle } from "./-app/page-title.ts"
import type { SessionHeader as Header } from "./-app/protocol.ts"
import { refusalOf } from "./-app/refusal.ts"
import { Announcer } from "./-components/announcer.tsx"
import { ApprovalDock } from "./-components/approval-dock.tsx"
import { Composer } from "./-components/composer.tsx"
import { Folds } from "./-components/fold.tsx"
import { NotHere } from "./-components/not-here.tsx"
import { Plan } from "./-components/plan.tsx"
import { OutgoingNote, Queue } from "./-components/queue.tsx"
import { SessionHeader } from "./-components/session-header.tsx"
import { type Row, Transcript } from "./-components/transcript.tsx"
import { TranscriptRow, UserText } from "./-components/transcript-row.tsx"
import { WorkingDir } from "./-components/working-dir.ts"

export const Route = createFileRoute("/s/$sessionId")({ component: SessionPage })

function SessionPage() {
  const { sessionId } = Route.useParams()
  // The engine reads the id; one that is none is a session that is not here.
  return <OpenSession key={sessionId} sessionId={sessionId as SessionId} />
}

function OpenSession({ sessionId }: { readonly sessionId: SessionId }) {
  const live = useLiveSession(sessionId)
  usePageTitle(live.header?.title ?? sessionId)
  if (live.connection.state === "unknown")
    return <NotHere what={`Session ${sessionId}`} detail={live.connection.message} />
  if (!live.header)
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
  return <Session {...live} header={live.header} sessionId={sessionId} />
}

type SessionProps = Omit<ReturnType<typeof useLiveSession>, "header"> & {
  readonly header: Header
  readonly sessionId: SessionId
}

function Session({ sessionId, header, items, hasMore, connection }: SessionProps) {
  const outgoing = useOutbox(sessionId)
  const [folds] = useState(() => new Map<string, boolean>())
  const { acting, problem, act } = useActing()
  const api = useMemo(() => openApi(location.origin), [])
  const running = needsDaemon(header.status)
  const onOlder = useCallback(() => askOlder(sessionId), [sessionId])

  // While a turn runs, what waits for its end is shown above the composer and not amid the turn.
  const queued = header.turnId !== null
  const rows = useMemo((): Row[] => {
    const shown = items.filter((item) => !(queued && item.type === "user" && item.turnId === null))
    const rows = shown.map((item) => ({ key: item.key, element: <TranscriptRow item={item} /> }))
    if (queued) return rows
    const sending = outgoing.map((entry) => ({
      key: entry.key,
      element: <UserText text={entry.text} note={<OutgoingNote entry={entry} sessionId={sessionId} />} />,
    }))
    return [...rows, ...sending]
  }, [items, queued, outgoing, sessionId])

  return (
    <Folds value={folds}>
      <WorkingDir value={header.workingDir}>
        <SessionHeader
          header={header}
          connection={connection}
          acting={acting}
          onResume={() => act(() => api.resume({ sessionId }))}
        />
        <Plan plan={header.plan} />
        <Transcript rows={rows} hasMore={hasMore} onOlder={onOlder} busy={header.status === "running"} />
        {problem && (
          <p
            role="alert"
            className="shrink-0 border-t border-line bg-fail-tint px-4 py-1.5 text-center text-row text-fail"
          >
            {problem}
          </p>
        )}
        <Queue sessionId={sessionId} queue={queued ? header.queue : []} outgoing={queued ? outgoing : []} />
        <ApprovalDock
          approvals={header.approvals}
          running={running}
          onDecide={async ({ requestId }, decision) => {
            try {
              await api.approve({ sessionId, requestId, decision })
              return null
            } catch (error) {
              const refusal = refusalOf(error)
              return refusal.kind === "away"
                ? `${refusal.message} Your answer was not taken.`
                : refusal.message
            }
          }}
        />
        <Composer
          sessionId={sessionId}
          running={running}
          away={connection.state === "reconnecting"}
          stopping={acting}
          focusAtFirst={header.approvals.length === 0}
          onSend={(text) => sendMessage(sessionId, text)}
          onStop={() => act(() => api.cancel({ sessionId }))}
        />
        <Announcer header={header} items={items} />
      </WorkingDir>
    </Folds>
  )
}

/** One act on the session at a time; why it was refused stays until the next one. */
function useActing() {
  const [acting, setActing] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const act = async (call: () => Promise<unknown>) => {
    setActing(true)
    setProblem(null)
    try {
      await call()
    } catch (error) {
      setProblem(refusalOf(error).message)
    } finally {
      setActing(false)
    }
  }
  return { acting, problem, act }
}
