import { Link } from "@tanstack/react-router"
import { useState } from "react"
import { openApi, type WorktreesPruned } from "../-app/api.ts"
import { bytesText, plural, shortPath } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { refusalOf } from "../-app/refusal.ts"

type Tree = WorktreesPruned["kept"][number]

const sum = (trees: readonly Tree[]): number => trees.reduce((total, { bytes }) => total + bytes, 0)

/** What the work trees of sessions take, and giving back those that hold nothing of their own. */
export function Worktrees() {
  const [found, setFound] = useState<WorktreesPruned | null>(null)
  const [working, setWorking] = useState(false)
  const [told, setTold] = useState("")
  const [problem, setProblem] = useState<string | null>(null)
  const act = async (dryRun: boolean) => {
    setWorking(true)
    setProblem(null)
    try {
      const api = openApi(location.origin)
      const done = dryRun ? null : await api.pruneWorktrees({ dryRun })
      setTold(
        done
          ? `${plural(done.removed.length, "work tree")} taken away, ${bytesText(sum(done.removed))}.`
          : "",
      )
      setFound(await api.pruneWorktrees({ dryRun: true }))
    } catch (error) {
      setProblem(refusalOf(error).message)
    } finally {
      setWorking(false)
    }
  }
  return (
    <>
      <p className="mb-2 text-row text-quiet">
        What is merged, pushed or untouched can go; branches and checkpoints stay, and who goes on with a
        session has its work tree made again. What git ignores goes for good.
      </p>
      <div className="mb-2 flex flex-wrap gap-2">
        <button type="button" className="control" disabled={working} onClick={() => void act(true)}>
          {found === null ? "See what they take" : "Look again"}
        </button>
        {found !== null && found.removed.length > 0 && (
          <button type="button" className="control" disabled={working} onClick={() => void act(false)}>
            Take away {plural(found.removed.length, "work tree")}, {bytesText(sum(found.removed))}
          </button>
        )}
      </div>
      <p role="status" className="text-row text-quiet">
        {working ? "Looking…" : told}
      </p>
      {problem && (
        <p role="alert" className="text-row text-fail">
          {problem}
        </p>
      )}
      {found && <TreeList trees={[...found.removed, ...found.kept]} />}
    </>
  )
}

const WORK: Record<Tree["work"], string> = {
  none: "untouched",
  merged: "merged",
  pushed: "pushed",
  only_here: "only there",
  unknown: "not known",
}

function TreeList({ trees }: { readonly trees: readonly Tree[] }) {
  if (trees.length === 0) return <p className="text-row">No work trees.</p>
  return (
    <ul className="divide-y divide-line rounded-md border border-line" aria-label="Work trees">
      {trees.map((tree) => (
        <li key={tree.path} className="px-3 py-2 text-row">
          <span className="flex flex-wrap items-baseline gap-x-3">
            {tree.sessionId === null ? (
              <span className="min-w-0 flex-1 font-mono text-note">
                {shortPath(plainText(tree.path), 48)}
              </span>
            ) : (
              <Link
                to="/s/$sessionId"
                params={{ sessionId: tree.sessionId }}
                className="min-w-0 flex-1 underline underline-offset-2 [overflow-wrap:anywhere]"
              >
                {plainText(tree.title ?? tree.sessionId)}
              </Link>
            )}
            <span className={tree.removable ? "text-quiet" : "font-medium text-needs"}>
              {WORK[tree.work]}
            </span>
            <span className="figures">{bytesText(tree.bytes)}</span>
          </span>
          <span className="block text-note text-quiet [overflow-wrap:anywhere]">{plainText(tree.why)}</span>
        </li>
      ))}
    </ul>
  )
}
