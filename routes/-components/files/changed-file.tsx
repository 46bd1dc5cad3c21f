import { lazy, Suspense, useEffect, useState } from "react"
import type { FileChange } from "#streams/file-change"
import type { SessionId } from "#streams/ids"
import { openApi } from "../../-app/api.ts"
import type { LineComment } from "../../-app/comments.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { type FilePatch, factsOf, type Range } from "../../-app/moments.ts"
import { refusalOf } from "../../-app/refusal.ts"
import { Fold } from "../fold.tsx"

const DiffView = lazy(() => import("./diff-view.tsx"))

const WORDS: Readonly<Record<FileChange["status"], string>> = {
  added: "new",
  deleted: "deleted",
  modified: "",
  renamed: "renamed",
  mode_changed: "mode",
  type_changed: "type",
}

interface ChangedFileProps {
  readonly sessionId: SessionId
  readonly file: FilePatch
  readonly range: Range
  readonly split: boolean
  readonly current: boolean
  readonly open: boolean
  readonly comments: readonly LineComment[]
}

/** `path +12 −3`, which opens and shows its lines. */
export function ChangedFile(props: ChangedFileProps) {
  const { file, open } = props
  const { path, status, added, removed } = file
  return (
    <Fold
      foldKey={`file ${path}`}
      openAtFirst={open}
      summary={
        <>
          <span className="min-w-0 truncate font-mono text-note [direction:rtl]">
            <bdi>{plainText(path)}</bdi>
          </span>
          {WORDS[status] !== "" && <span className="shrink-0 text-note text-quiet">{WORDS[status]}</span>}
          <span className="shrink-0 font-mono text-note figures">
            {added === null ? (
              <span className="text-quiet">not text</span>
            ) : (
              <>
                <span className="text-good">+{added}</span> <span className="text-fail">−{removed}</span>
              </>
            )}
          </span>
        </>
      }
    >
      <FileBody {...props} />
    </Fold>
  )
}

/** So many lines of one file are drawn without being asked for. */
const MOST_LINES = 2_000

function FileBody({ sessionId, file, range, split, current, comments }: ChangedFileProps) {
  const { patch, problem } = usePatch(sessionId, file, range)
  const [all, setAll] = useState(false)
  const facts = factsOf({ ...file, patch })
  const lines = (file.added ?? 0) + (file.removed ?? 0)
  return (
    <>
      {facts.map((fact) => (
        <p key={fact} className="py-0.5 text-note text-quiet">
          {plainText(fact)}
        </p>
      ))}
      {problem !== null && <p className="py-1 text-note text-fail">{problem}</p>}
      {patch === null && problem === null && <p className="py-1 text-note text-quiet">Reading the lines…</p>}
      {patch !== null && lines > MOST_LINES && !all && (
        <button type="button" className="control my-1" onClick={() => setAll(true)}>
          Show {lines.toLocaleString("en")} lines
        </button>
      )}
      {patch !== null && /^@@ /m.test(patch) && (lines <= MOST_LINES || all) && (
        <Suspense fallback={<p className="py-1 text-note text-quiet">Opening…</p>}>
          <DiffView
            sessionId={sessionId}
            path={file.path}
            patch={patch}
            split={split}
            current={current}
            comments={comments.filter(({ path }) => path === file.path)}
          />
        </Suspense>
      )}
    </>
  )
}

/** The file's own patch: where all of them together were too much, it is asked for alone. */
function usePatch(sessionId: SessionId, file: FilePatch, { from, to }: Range) {
  const { path, patch } = file
  const [asked, setAsked] = useState<{ patch: string | null; problem: string | null }>({
    patch: null,
    problem: null,
  })
  const absent = patch === null
  // biome-ignore lint/correctness/useExhaustiveDependencies: a file that was compared anew is another object
  useEffect(() => {
    if (!absent) return
    let current = true
    openApi(location.origin)
      .diff({ sessionId, from, to, path })
      .then(
        ({ patch, truncated }) =>
          truncated
            ? { patch: null, problem: "This change is too big to be shown here." }
            : { patch, problem: null },
        (error: unknown) => ({ patch: null, problem: refusalOf(error).message }),
      )
      .then((answer) => current && setAsked(answer))
    return () => {
      current = false
    }
  }, [absent, sessionId, from, to, file])
  return absent ? asked : { patch, problem: null }
}
