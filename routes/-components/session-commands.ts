import { useNavigate } from "@tanstack/react-router"
import { type RefObject, useRef } from "react"
import type { SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import { openApi } from "../-app/api.ts"
import { copyText, saveFile } from "../-app/clipboard.ts"
import { isMac, type Offer, useCommands, useKeysOf } from "../-app/commands.ts"
import { readableKeys } from "../-app/keys.ts"
import { linkTo } from "../-app/message-link.ts"
import { checkpointBeforeLastTurn } from "../-app/moments.ts"
import type { SessionHeader } from "../-app/protocol.ts"
import { problemOf, refusalOf } from "../-app/refusal.ts"
import type { ReplayLine } from "../-app/replay-client.ts"
import { toast } from "../-app/toast.ts"
import type { Place } from "./session-page.tsx"
import type { Panel } from "./session-panels.ts"
import type { TranscriptHandle } from "./transcript.tsx"

// A second press within this is meant.
const TWICE_MS = 2_000

/** What can be done with the session that is open. */
export function useSessionCommands(given: {
  readonly sessionId: SessionId
  readonly header: SessionHeader
  readonly archived: boolean
  readonly running: boolean
  readonly thoughts: boolean
  readonly transcript: RefObject<TranscriptHandle | null>
  readonly replay: ReplayLine
  readonly place: Place
  readonly onThoughts: () => void
  readonly onFold: (open: boolean) => void
  readonly onFind: () => void
  readonly onRename: () => void
  readonly onLimits: () => void
  readonly worktree: Worktree | null
  readonly onRestore: (n: number) => void
  readonly onForkHere: (seq: number) => void
  readonly onBringHome: () => void
  readonly onResume: () => void
  readonly onStop: () => void
}): void {
  const { sessionId, header, archived, running, thoughts, transcript, replay, place } = given
  const navigate = useNavigate()
  const pressed = useRef(0)
  const stopKeys = readableKeys(useKeysOf("stop") ?? "it", isMac())
  const stopAtSecondPress = () => {
    const now = performance.now()
    if (now - pressed.current < TWICE_MS) given.onStop()
    else toast(`Press ${stopKeys} again to stop the turn`)
    pressed.current = now
  }
  const inView = () => transcript.current?.seqInView() ?? Math.max(0, header.seq)
  const panel = (each: Panel) => () => place.onPanel(place.panel === each ? null : each)
  const exported = async (use: (text: string) => void, method: "markdown" | "json") => {
    try {
      const ask = replay.ask(method, method === "markdown" ? { title: header.title } : null, header.seq)
      use(String(await ask))
    } catch (error) {
      toast(refusalOf(error).message)
    }
  }
  const archive = async () => {
    const api = openApi(location.origin)
    const problem = await problemOf(archived ? api.unarchive({ sessionId }) : api.archive({ sessionId }))
    toast(problem ?? (archived ? "Back among the sessions" : "Archived"))
    if (problem === null && !archived) void navigate({ to: "/" })
  }

  const keep = async () => {
    const problem = await problemOf(openApi(location.origin).checkpoint({ sessionId }))
    toast(problem ?? "The files are kept")
  }
  const fork = async () => {
    const seq = place.at === null ? {} : { seq: place.at }
    try {
      const made = await openApi(location.origin).fork({ sessionId, ...seq })
      void navigate({ to: "/s/$sessionId", params: { sessionId: made.sessionId } })
    } catch (error) {
      toast(refusalOf(error).message)
    }
  }
  const exportPatch = async () => {
    try {
      const { patch, encoding } = await openApi(location.origin).patch({ sessionId })
      const bytes = encoding === "utf8" ? patch : Uint8Array.from(atob(patch), (byte) => byte.charCodeAt(0))
      saveFile(bytes, `${sessionId}.patch`, "text/x-patch")
    } catch (error) {
      toast(refusalOf(error).message)
    }
  }
  const before = checkpointBeforeLastTurn(header.checkpoints)

  const session = (id: Offer["id"], title: string, run: () => void): Offer => ({
    id,
    group: "Session",
    title,
    run,
  })
  const view = (id: Offer["id"], title: string, run: () => void): Offer => ({ id, group: "View", title, run })
  const canResume = header.status === "interrupted" || header.status === "failed"
  useCommands("page", [
    ...(running ? [session("stop", "Stop the turn", stopAtSecondPress)] : []),
    ...(canResume ? [session("resume", "Resume", given.onResume)] : []),
    session("find", "Search in this session", given.onFind),
    session("changes", "Files", panel("changes")),
    session("note", "The agent's last note", panel("note")),
    session("usage-panel", "Usage by turn", panel("usage")),
    session("events", "Raw events", panel("events")),
    place.at === null
      ? session("past", "Go back in time", () => place.onAt(Math.max(0, header.seq)))
      : session("now", "Back to now", () => place.onAt(null)),
    session("link", "Copy link to this place", () => void copyText(linkTo(inView()), "Link")),
    session(
      "copy",
      "Copy transcript as Markdown",
      () => void exported((text) => void copyText(text, "Transcript"), "markdown"),
    ),
    session(
      "export-markdown",
      "Export as Markdown",
      () => void exported((text) => saveFile(text, `${sessionId}.md`, "text/markdown"), "markdown"),
    ),
    session(
      "export-json",
      "Export events as JSON",
      () => void exported((text) => saveFile(text, `${sessionId}.json`, "application/json"), "json"),
    ),
    ...(header.checkpoints.length > 0
      ? [
          session("keep-files", "Keep the files as they are", () => void keep()),
          session("fork", place.at === null ? "Fork" : "Fork from this moment", () => void fork()),
          ...(place.at === null
            ? [session("fork-here", "Fork from the message in view…", () => given.onForkHere(inView()))]
            : []),
          session("export-patch", "Export changes as a patch", () => void exportPatch()),
        ]
      : []),
    ...(given.worktree ? [session("bring-home", "Bring home…", given.onBringHome)] : []),
    ...(before !== null
      ? [session("restore", "Go back to before the last turn…", () => given.onRestore(before))]
      : []),
    session("limits", "Limits…", given.onLimits),
    session("rename", "Rename…", given.onRename),
    session("archive", archived ? "Bring back from the archive" : "Archive", () => void archive()),
    view("turn-before", "Previous turn", () => transcript.current?.toTurn(-1)),
    view("turn-after", "Next turn", () => transcript.current?.toTurn(1)),
    ...(place.at === null ? [view("end", "Jump to the latest", () => transcript.current?.toEnd())] : []),
    view("thoughts", thoughts ? "Hide thoughts" : "Show thoughts", given.onThoughts),
    view("expand", "Open all calls", () => given.onFold(true)),
    view("collapse", "Close all calls", () => given.onFold(false)),
  ])
}
