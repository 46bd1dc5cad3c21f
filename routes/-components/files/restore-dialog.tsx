import { useEffect, useState } from "react"
import type { FileChange } from "#streams/file-change"
import type { SessionId } from "#streams/ids"
import { openApi, type RestorePreview } from "../../-app/api.ts"
import { plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { refusalOf } from "../../-app/refusal.ts"
import { toast } from "../../-app/toast.ts"
import { Dialog } from "../dialog.tsx"
import { PathList } from "./path-list.tsx"

const BECOMES: Readonly<Record<FileChange["status"], string>> = {
  added: "comes back",
  deleted: "goes",
  modified: "changes",
  renamed: "is named back",
  mode_changed: "gets its mode back",
  type_changed: "becomes what it was",
}

/** What would become of the files, before anything does. */
export default function RestoreDialog(props: {
  readonly sessionId: SessionId
  readonly n: number
  readonly onClose: () => void
}) {
  const { sessionId, n, onClose } = props
  const [plan, setPlan] = useState<RestorePreview | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    let current = true
    openApi(location.origin)
      .restore({ sessionId, n, dryRun: true })
      .then(
        (found) => current && setPlan(found),
        (error: unknown) => current && setProblem(refusalOf(error).message),
      )
    return () => {
      current = false
    }
  }, [sessionId, n])
  const restore = async () => {
    setBusy(true)
    setProblem(null)
    try {
      const { files } = await openApi(location.origin).restore({ sessionId, n })
      toast(`${plural(files.length, "file")} put back`)
      onClose()
    } catch (error) {
      setProblem(refusalOf(error).message)
      setBusy(false)
    }
  }
  const refused = plan !== null && plan.inTheWay.length > 0
  return (
    <Dialog
      label={`Put files back to checkpoint ${n}`}
      onClose={onClose}
      className="w-[min(34rem,calc(100vw-1.5rem))]"
    >
      <div className="flex max-h-[min(80dvh,44rem)] flex-col gap-3 p-4 text-row">
        <h2 className="text-base font-semibold">Put files back to checkpoint {n}</h2>
        {plan === null && problem === null && <p className="text-quiet">Looking what would change…</p>}
        {problem !== null && (
          <p role="alert" className="text-fail">
            {plainText(problem)}
          </p>
        )}
        {plan !== null && plan.files.length === 0 && <p className="text-quiet">Nothing differs from it.</p>}
        {plan !== null && plan.files.length > 0 && (
          <section
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
            tabIndex={0}
            aria-label="What becomes of the files"
            className="min-h-0 overflow-y-auto rounded-md border border-line"
          >
            <ul>
              {plan.files.map((file) => (
                <li key={file.path} className="flex items-baseline gap-3 px-3 py-1">
                  <span className="min-w-0 flex-1 font-mono text-note [overflow-wrap:anywhere]">
                    {plainText(file.path)}
                  </span>
                  <span className="shrink-0 text-note text-quiet">{BECOMES[file.status]}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {refused && (
          <div role="alert" className="rounded-md bg-fail-tint px-3 py-2 text-fail">
            <p className="font-medium">
              Refused: no checkpoint has these, and they would be lost. Move them away first.
            </p>
            <PathList paths={plan.inTheWay} />
          </div>
        )}
        {plan !== null && plan.untouched.length > 0 && (
          <div className="text-quiet">
            <p>Repositories inside stay as they are:</p>
            <PathList paths={plan.untouched} />
          </div>
        )}
        <p className="text-quiet">
          The files as they are now are kept in a checkpoint first. Branch, index and stash stay as they are.
        </p>
        <div className="flex justify-end gap-2">
          <button type="button" className="control" onClick={onClose}>
            Keep as it is
          </button>
          <button
            type="button"
            className="control control-accent"
            disabled={plan === null || plan.files.length === 0 || refused || busy}
            onClick={() => void restore()}
          >
            {busy ? "Putting back…" : "Put back"}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
