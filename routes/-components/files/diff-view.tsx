import {
  type FileDiffMetadata,
  parsePatchFiles,
  registerCustomCSSVariableTheme,
  type SelectedLineRange,
} from "@pierre/diffs"
import { FileDiff } from "@pierre/diffs/react"
import { useMemo, useRef, useState } from "react"
import type { SessionId } from "#streams/ids"
import { changeBlocks, linesAt } from "../../-app/change-blocks.ts"
import { useCommands } from "../../-app/commands.ts"
import {
  addComment,
  type LineComment,
  type LineRange,
  placeText,
  removeComment,
} from "../../-app/comments.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { languageOfFile } from "../../-app/languages.ts"
import { CommentForm, CommentNote } from "./line-comment.tsx"

/** Its colours are names that the style sheet knows. */
const THEME = "agentz"
registerCustomCSSVariableTheme(THEME, {})

export interface DiffViewProps {
  readonly sessionId: SessionId
  readonly path: string
  /** As git writes it, of this file alone. */
  readonly patch: string
  readonly split: boolean
  /** Whether the keys are for this file. */
  readonly current: boolean
  readonly comments: readonly LineComment[]
}

/** The lines of one file, before and after. Comments can be made on them: with the pointer, or by key at each change. */
export default function DiffView({ sessionId, path, patch, split, current, comments }: DiffViewProps) {
  const diffs = useMemo(() => parsed(patch, path), [patch, path])
  return diffs.map((diff, index) => (
    <OneDiff
      // biome-ignore lint/suspicious/noArrayIndexKey: of a file that became a link there are two, always in this order
      key={index}
      diff={diff}
      {...{ sessionId, path, split, current, comments }}
    />
  ))
}

/** What stands below a line: a comment, or the form for one. */
interface Note {
  readonly place: LineRange
  readonly comment: LineComment | null
}

function OneDiff(props: Omit<DiffViewProps, "patch"> & { readonly diff: FileDiffMetadata }) {
  const { sessionId, path, split, current, comments, diff } = props
  const [marked, setMarked] = useState<LineRange | null>(null)
  const [asked, setAsked] = useState<LineRange | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const blocks = useMemo(() => changeBlocks(diff), [diff])
  const stepTo = (step: 1 | -1) => {
    const at = blocks.findIndex(({ side, from }) => side === marked?.side && from === marked.from)
    const next = blocks[at < 0 ? (step === 1 ? 0 : blocks.length - 1) : at + step]
    if (!next) return
    setMarked({ path, ...next })
    const shadow = box.current?.querySelector("diffs-container")?.shadowRoot
    const type = next.side === "new" ? "change-addition" : "change-deletion"
    shadow
      ?.querySelector(`[data-line="${next.from}"][data-line-type="${type}"]`)
      ?.scrollIntoView({ block: "center" })
  }
  const places = current && blocks.length > 0
  useCommands("part", [
    ...(places
      ? ([
          { id: "change-after", group: "Files", title: "Next change", run: () => stepTo(1) },
          { id: "change-before", group: "Files", title: "Previous change", run: () => stepTo(-1) },
        ] as const)
      : []),
    ...(places && marked
      ? ([
          {
            id: "comment",
            group: "Files",
            title: `Comment on ${placeText(marked)}`,
            run: () => setAsked(marked),
          },
        ] as const)
      : []),
  ])

  const notes = [
    ...comments.map((comment) => noteAt({ place: comment, comment })),
    ...(asked ? [noteAt({ place: asked, comment: null })] : []),
  ]
  const options = useMemo(
    () =>
      ({
        theme: THEME,
        diffStyle: split ? "split" : "unified",
        diffIndicators: "classic",
        overflow: "wrap",
        disableFileHeader: true,
        hunkSeparators: "line-info-basic",
        preferredHighlighter: "shiki-js",
        enableLineSelection: true,
        onLineSelected: (range: SelectedLineRange | null) => setMarked(range && linesOf(path, range)),
      }) as const,
    [split, path],
  )
  return (
    <div ref={box}>
      <FileDiff<Note, undefined>
        fileDiff={diff}
        options={options}
        selectedLines={marked && selectionOf(marked)}
        lineAnnotations={notes}
        renderAnnotation={({ metadata: { place, comment } }) =>
          comment ? (
            <CommentNote comment={comment} onRemove={() => removeComment(sessionId, comment.id)} />
          ) : (
            <CommentForm
              place={place}
              onClose={() => setAsked(null)}
              onAdd={(text) => {
                addComment(sessionId, { ...place, text, quote: linesAt(diff, place) })
                setAsked(null)
              }}
            />
          )
        }
      />
      {marked && !asked && (
        <div className="sticky bottom-0 z-10 flex justify-end p-1">
          <button type="button" className="control shadow-md" onClick={() => setAsked(marked)}>
            Comment on {plainText(placeText(marked))}
          </button>
        </div>
      )}
    </div>
  )
}

/** Nothing in a file changes how its lines read without being seen. */
const parsed = (patch: string, path: string): readonly FileDiffMetadata[] =>
  parsePatchFiles(patch.split("\n").map(plainText).join("\n"))
    .flatMap(({ files }) => files)
    .filter(({ hunks }) => hunks.length > 0)
    .map((diff) => ({ ...diff, lang: languageOfFile(path) ?? "text" }))

const noteAt = (metadata: Note) => {
  const { side, to } = metadata.place
  return { side: side === "new" ? "additions" : "deletions", lineNumber: to, metadata } as const
}

const selectionOf = ({ side, from, to }: LineRange): SelectedLineRange => {
  const of = side === "new" ? "additions" : "deletions"
  return { start: from, end: to, side: of, endSide: of }
}

/** Lines of both sides cannot be named together: the side at which it was begun counts. */
function linesOf(
  path: string,
  { start, end, side = "additions", endSide = side }: SelectedLineRange,
): LineRange {
  const last = endSide === side ? end : start
  return {
    path,
    side: side === "additions" ? "new" : "old",
    from: Math.min(start, last),
    to: Math.max(start, last),
  }
}
