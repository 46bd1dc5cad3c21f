import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react"
import type { SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import { type CheckpointMark, type ItemOf, needsDaemon } from "#streams/session"
import { giveAnswer } from "../-app/answers.ts"
import { openApi } from "../-app/api.ts"
import { mentionedFiles } from "../-app/completion.ts"
import { askOlder, type LiveSession } from "../-app/live.ts"
import { rangeOfCheckpoint, rangeText } from "../-app/moments.ts"
import { sendMessage, useOutbox } from "../-app/outbox.ts"
import type { SessionHeader as Header } from "../-app/protocol.ts"
import { problemOf, refusalOf } from "../-app/refusal.ts"
import { useReplay } from "../-app/replay-client.ts"
import { toast } from "../-app/toast.ts"
import { touchesOf } from "../-app/use-diff.ts"
import { useTarget } from "../-app/use-target.ts"
import { Announcer } from "./announcer.tsx"
import { ApprovalDock } from "./approval-dock.tsx"
import { Composer } from "./composer.tsx"
import { ConfigChoices } from "./config-choices.tsx"
import { TurnFilesContext } from "./files/turn-files.tsx"
import { Folds, foldState } from "./fold.tsx"
import { ForkHere } from "./fork-here.tsx"
import { Plan } from "./plan.tsx"
import { OutgoingNote, Queue } from "./queue.tsx"
import { useSessionCommands } from "./session-commands.ts"
import { SessionHeader } from "./session-header.tsx"
import type { Panel } from "./session-panels.ts"
import { type Row, Transcript, type TranscriptHandle } from "./transcript.tsx"
import { mayFork, rowsOf, UserText } from "./transcript-row.tsx"
import { WorkingDir } from "./working-dir.ts"

const SidePanel = lazy(() => import("./side-panel.tsx"))
const PastSession = lazy(() => import("./past-session.tsx"))
const FindBar = lazy(() => import("./find-bar.tsx"))
const BringHomeDialog = lazy(() => import("./files/bring-home-dialog.tsx"))
const RestoreDialog = lazy(() => import("./files/restore-dialog.tsx"))
const ForkDialog = lazy(() => import("./fork-dialog.tsx"))
const LimitsDialog = lazy(() => import("./limits-dialog.tsx"))
const RenameDialog = lazy(() => import("./rename-dialog.tsx"))

/** What of a session is shown, as the address says it, and how to show something else. */
export interface Place {
  readonly at: number | null
  readonly panel: Panel | null
  /** The event that a link led to. */
  readonly target: number | null
  /** The moments between which files are compared: `base..3`. */
  readonly range: string | null
  readonly onAt: (seq: number | null) => void
  readonly onPanel: (panel: Panel | null) => void
  readonly onRange: (range: string | null) => void
  readonly onTarget: (seq: number) => void
}

type SessionProps = Omit<LiveSession, "header"> & {
  readonly header: Header
  readonly sessionId: SessionId
  readonly archived: boolean
  readonly worktree: Worktree | null
  /** Where what happened in it is told. */
  readonly stream: string
  readonly place: Place
}

export function SessionPage({
  sessionId,
  header,
  items,
  hasMore,
  connection,
  archived,
  worktree,
  stream,
  place,
}: SessionProps) {
  const outgoing = useOutbox(sessionId)
  const transcript = useRef<TranscriptHandle>(null)
  const replay = useReplay(stream)
  const [folds] = useState(() => foldState())
  const [rowFolds, setRowFolds] = useState(() => foldState())
  const [thoughts, setThoughts] = useState(true)
  const [finding, setFinding] = useState(false)
  const [renaming, setRenaming] = useState(false)
  const [limiting, setLimiting] = useState(false)
  const [bringing, setBringing] = useState(false)
  const [restoring, setRestoring] = useState<number | null>(null)
  const [forking, setForking] = useState<ItemOf<"user"> | null>(null)
  const { acting, problem, act } = useActing()
  const api = useMemo(() => openApi(location.origin), [])
  const running = needsDaemon(header.status)
  const onOlder = useCallback(() => askOlder(sessionId), [sessionId])

  // While a turn runs, what waits for its end is shown above the composer and not amid the turn.
  const queued = header.turnId !== null
  const rows = useMemo((): Row[] => {
    const shown = items.filter(
      (item) =>
        !(queued && item.type === "user" && item.turnId === null) && (thoughts || item.type !== "thought"),
    )
    const rows = rowsOf(shown)
    if (queued) return rows
    const sending = outgoing.map((entry) => ({
      key: entry.key,
      seq: null,
      beginsTurn: false,
      element: <UserText text={entry.text} note={<OutgoingNote entry={entry} sessionId={sessionId} />} />,
    }))
    return [...rows, ...sending]
  }, [items, queued, thoughts, outgoing, sessionId])
  const latest = useRef(items)
  latest.current = items
  /** From before the message that the event belongs to. */
  const forkHere = useCallback((seq: number) => {
    const message = latest.current.findLast(
      (item) => item.type === "user" && item.seq <= seq && mayFork(item),
    )
    if (message?.type === "user") setForking(message)
  }, [])
  const goTo = useTarget({ sessionId, items, hasMore, transcript, target: place.target })
  const onGo = (seq: number) => {
    if (place.at !== null) place.onAt(null)
    place.onTarget(seq)
    goTo(seq)
  }

  useSessionCommands({
    sessionId,
    header,
    archived,
    running,
    thoughts,
    transcript,
    replay,
    place,
    onThoughts: () => setThoughts(!thoughts),
    onFold: (open) => setRowFolds(foldState(open)),
    onFind: () => setFinding(true),
    onRename: () => setRenaming(true),
    onLimits: () => setLimiting(true),
    worktree,
    onRestore: setRestoring,
    onForkHere: forkHere,
    onBringHome: () => setBringing(true),
    onResume: () => act(() => api.resume({ sessionId })),
    onStop: () => act(() => api.cancel({ sessionId })),
  })

  const turnFiles = useMemo(
    () => ({
      checkpoints: header.checkpoints,
      onShow: (mark: CheckpointMark) => place.onRange(rangeText(rangeOfCheckpoint(mark))),
      onRestore: setRestoring,
    }),
    [header.checkpoints, place.onRange],
  )
  const rename = async (title: string) =>
    toast((await problemOf(api.rename({ sessionId, title }))) ?? "Renamed")

  return (
    <Folds value={folds}>
      <WorkingDir value={header.workingDir}>
        <SessionHeader
          header={header}
          worktree={worktree}
          connection={connection}
          acting={acting}
          panelOpen={place.panel !== null}
          onResume={() => act(() => api.resume({ sessionId }))}
          onStopWaiting={() => act(() => api.cancel({ sessionId }))}
          onFind={() => setFinding(!finding)}
          onPanel={() => place.onPanel(place.panel === null ? "changes" : null)}
        />
        <div className="relative flex min-h-0 flex-1">
          <div className="flex min-h-0 min-w-0 flex-1 flex-col">
            <Suspense>
              {finding && (
                <FindBar replay={replay} seq={header.seq} onGo={onGo} onClose={() => setFinding(false)} />
              )}
            </Suspense>
            {place.at !== null ? (
              <Suspense fallback={<p className="flex-1 px-4 py-6 text-quiet">Opening the past…</p>}>
                <PastSession
                  replay={replay}
                  at={place.at}
                  max={Math.max(0, header.seq)}
                  onAt={place.onAt}
                  onLeave={() => place.onAt(null)}
                />
              </Suspense>
            ) : (
              <>
                <Plan plan={header.plan} />
                <TurnFilesContext value={turnFiles}>
                  <ForkHere value={header.checkpoints.length > 0 ? forkHere : null}>
                    <Folds value={rowFolds}>
                      <Transcript
                        ref={transcript}
                        rows={rows}
                        hasMore={hasMore}
                        onOlder={onOlder}
                        busy={header.status === "running"}
                        whole={place.target !== null}
                      />
                    </Folds>
                  </ForkHere>
                </TurnFilesContext>
                {problem && (
                  <p
                    role="alert"
                    className="shrink-0 border-t border-line bg-fail-tint px-4 py-1.5 text-center text-row text-fail"
                  >
                    {problem}
                  </p>
                )}
                <Queue
                  sessionId={sessionId}
                  queue={queued ? header.queue : []}
                  outgoing={queued ? outgoing : []}
                />
                <ApprovalDock
                  approvals={header.approvals}
                  running={running}
                  onDecide={(request, answer) => giveAnswer(sessionId, request, answer)}
                />
                <Composer
                  sessionId={sessionId}
                  running={running}
                  away={connection.state === "reconnecting"}
                  stopping={acting}
                  focusAtFirst={header.approvals.length === 0 && place.target === null}
                  slashCommands={header.commands}
                  files={() => mentionedFiles(items, header.workingDir)}
                  onSend={(message) => sendMessage(sessionId, message)}
                  onStop={() => act(() => api.cancel({ sessionId }))}
                >
                  <ConfigChoices
                    sessionId={sessionId}
                    mode={header.permissionMode}
                    options={header.configOptions}
                  />
                </Composer>
              </>
            )}
          </div>
          <Suspense>
            {place.panel !== null && (
              <SidePanel
                panel={place.panel}
                replay={replay}
                seq={header.seq}
                onPanel={place.onPanel}
                onGo={onGo}
                noted={header}
                files={{
                  sessionId,
                  checkpoints: header.checkpoints,
                  workspace: header.workspace,
                  at: place.at,
                  range: place.range,
                  onRange: place.onRange,
                  version: `${touchesOf(items)} ${header.checkpoints.length} ${header.status}`,
                  onRestore: setRestoring,
                  onWrite: () => {
                    if (place.at !== null) place.onAt(null)
                    if (matchMedia("(width < 64rem)").matches) place.onPanel(null)
                  },
                }}
              />
            )}
          </Suspense>
        </div>
        <Suspense>
          {restoring !== null && (
            <RestoreDialog sessionId={sessionId} n={restoring} onClose={() => setRestoring(null)} />
          )}
          {bringing && (
            <BringHomeDialog sessionId={sessionId} title={header.title} onClose={() => setBringing(false)} />
          )}
          {forking && (
            <ForkDialog
              sessionId={sessionId}
              title={header.title}
              message={forking}
              onClose={() => setForking(null)}
            />
          )}
          {limiting && (
            <LimitsDialog sessionId={sessionId} limits={header.limits} onClose={() => setLimiting(false)} />
          )}
          {renaming && (
            <RenameDialog title={header.title} onRename={rename} onClose={() => setRenaming(false)} />
          )}
        </Suspense>
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
