import { useCallback, useEffect, useId, useState } from "react"
import type { SessionId } from "#streams/ids"
import { type MergePreview, openApi } from "../../-app/api.ts"
import { plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { refusalOf } from "../../-app/refusal.ts"
import { toast } from "../../-app/toast.ts"
import { Dialog } from "../dialog.tsx"
import { Elsewhere } from "./elsewhere.tsx"
import { PathList } from "./path-list.tsx"

const WAYS = [
  { how: "merge", title: "Merge: the commits as they are" },
  { how: "squash", title: "Squash: all in one commit" },
  { how: "rebase", title: "Rebase: the commits on top of the branch" },
] as const
type How = (typeof WAYS)[number]["how"]

/** The way of a session's work from its work tree into a branch: committed, looked at, merged. */
export default function BringHomeDialog(props: {
  readonly sessionId: SessionId
  readonly title: string
  readonly onClose: () => void
}) {
  const { sessionId, onClose } = props
  const id = useId()
  const [how, setHow] = useState<How>("merge")
  const [into, setInto] = useState("")
  const { preview, problem, look, act, busy } = useBringing(sessionId, how, into)
  const [message, setMessage] = useState(props.title)
  const api = openApi(location.origin)
  const commit = () =>
    act(async () => {
      await api.commit({ sessionId, message })
      await look()
    })
  const merge = () =>
    act(async () => {
      const done = await api.merge({
        sessionId,
        how,
        ...(into && { into }),
        ...(how === "squash" && { message }),
      })
      toast(`${done.into} is at ${done.commit.slice(0, 10)}`)
      onClose()
    })
  const handOver = (text: string) =>
    act(async () => {
      await api.sendMessage({ sessionId, text })
      toast("The agent was asked to settle it")
      onClose()
    })
  const uncommitted = preview?.uncommitted.length ?? 0
  return (
    <Dialog label="Bring home" onClose={onClose} className="w-[min(38rem,calc(100vw-1.5rem))]">
      <div className="flex max-h-[min(80dvh,44rem)] flex-col gap-3 overflow-y-auto p-4 text-row">
        <h2 className="text-base font-semibold">Bring home</h2>
        {problem !== null && (
          <p role="alert" className="text-fail">
            {plainText(problem)}
          </p>
        )}
        {preview === null && problem === null && <p className="text-quiet">Looking what would come of it…</p>}
        {preview !== null && uncommitted > 0 && (
          <section aria-label="Not committed" className="flex flex-col gap-2">
            <p>{plural(uncommitted, "file")} in no commit yet:</p>
            <PathList paths={preview.uncommitted} />
          </section>
        )}
        {(uncommitted > 0 || how === "squash") && (
          <label className="flex flex-col gap-1 text-note text-quiet">
            Message of the commit
            <textarea
              className="field min-h-16 text-ink"
              value={message}
              onChange={({ target: { value } }) => setMessage(value)}
            />
          </label>
        )}
        {preview !== null && (
          <>
            <div className="grid gap-3 sm:grid-cols-2">
              <label className="flex flex-col gap-1 text-note text-quiet" htmlFor={`${id}-how`}>
                How
                <select
                  id={`${id}-how`}
                  className="field text-ink"
                  value={how}
                  onChange={({ target: { value } }) => setHow(value as How)}
                >
                  {WAYS.map((way) => (
                    <option key={way.how} value={way.how}>
                      {way.title}
                    </option>
                  ))}
                </select>
              </label>
              <label className="flex flex-col gap-1 text-note text-quiet" htmlFor={`${id}-into`}>
                Into
                <input
                  id={`${id}-into`}
                  className="field font-mono text-ink"
                  placeholder={preview.into}
                  autoComplete="off"
                  autoCapitalize="off"
                  spellCheck={false}
                  defaultValue={into}
                  onBlur={({ target: { value } }) => setInto(value.trim())}
                />
              </label>
            </div>
            <Outcome preview={preview} />
          </>
        )}
        {preview !== null && preview.commits.length > 0 && (
          <Elsewhere sessionId={sessionId} busy={busy} act={act} />
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <button type="button" className="control" onClick={onClose}>
            Not now
          </button>
          {preview?.request != null && (
            <button
              type="button"
              className="control"
              disabled={busy}
              onClick={() => void handOver(preview.request ?? "")}
            >
              Let the agent settle it
            </button>
          )}
          {uncommitted > 0 ? (
            <button
              type="button"
              className="control control-accent"
              disabled={busy || message.trim() === ""}
              onClick={() => void commit()}
            >
              {busy ? "Committing…" : "Commit"}
            </button>
          ) : (
            <button
              type="button"
              className="control control-accent"
              disabled={busy || preview === null || preview.refused !== null}
              onClick={() => void merge()}
            >
              {busy ? "Merging…" : `Bring into ${preview?.into ?? "…"}`}
            </button>
          )}
        </div>
      </div>
    </Dialog>
  )
}

/** What would come of it as things are, and one act at a time. */
function useBringing(sessionId: SessionId, how: How, into: string) {
  const [preview, setPreview] = useState<MergePreview | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const look = useCallback(async () => {
    setPreview(await openApi(location.origin).mergePreview({ sessionId, how, ...(into && { into }) }))
  }, [sessionId, how, into])
  const act = useCallback(async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
    } catch (error) {
      setProblem(refusalOf(error).message)
    } finally {
      setBusy(false)
    }
  }, [])
  useEffect(() => void act(look), [act, look])
  return { preview, problem, look, act, busy }
}

function Outcome({ preview }: { readonly preview: MergePreview }) {
  const { branch, into, commits, files, conflicts, refused } = preview
  return (
    <section aria-label="What comes of it" className="flex flex-col gap-2">
      {commits.length > 0 && (
        <>
          <p>
            {plural(commits.length, "commit")} of{" "}
            <span className="font-mono">{plainText(branch ?? "no branch")}</span> into{" "}
            <span className="font-mono">{plainText(into)}</span>:
          </p>
          <ul className="rounded-md border border-line">
            {commits.map(({ commit, subject }) => (
              <li key={commit} className="flex gap-3 px-3 py-1">
                <span className="font-mono text-note text-quiet">{commit.slice(0, 10)}</span>
                <span className="min-w-0 [overflow-wrap:anywhere]">{plainText(subject)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {files.length > 0 && conflicts.length === 0 && (
        <ul className="text-note">
          {files.map(({ path, added, removed }) => (
            <li key={path} className="flex gap-3">
              <span className="min-w-0 flex-1 font-mono [overflow-wrap:anywhere]">{plainText(path)}</span>
              <span className="font-mono figures">
                <span className="text-good">+{added ?? 0}</span>{" "}
                <span className="text-fail">−{removed ?? 0}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {conflicts.length > 0 && (
        <div className="rounded-md bg-needs-tint px-3 py-2 text-needs">
          <p className="font-medium">Both changed the same in {plural(conflicts.length, "file")}:</p>
          <PathList paths={conflicts} />
        </div>
      )}
      {refused !== null && conflicts.length === 0 && (
        <p role="status" className="text-needs">
          {plainText(refused.message)}
        </p>
      )}
    </section>
  )
}
