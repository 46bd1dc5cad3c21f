import clsx from "clsx"
import { ArrowDown } from "lucide-react"
import {
  type ReactElement,
  type Ref,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react"
import { VList, type VListHandle } from "virtua"
import { useEndFirst } from "../-app/use-end-first.ts"

export interface Row {
  readonly key: string
  /** Of the first event in it; `null` for what has not been said yet. */
  readonly seq: number | null
  /** Whether a person's message begins here. */
  readonly beginsTurn: boolean
  readonly element: ReactElement
}

export interface TranscriptHandle {
  /** Brings the row with that event into view, marks it, and gives it the focus. */
  toSeq(seq: number): void
  /** To the turn before or after the one in view. */
  toTurn(step: 1 | -1): void
  toEnd(): void
  /** Of the first row in view. */
  seqInView(): number | null
}

// A phone's fractional pixels and a rubber band still count as the end.
const AT_END = 24
// Older items are asked for before their absence is seen.
const NEAR_START = 800

/**
 * The transcript as a virtual list. It follows what arrives only while its end is in view; otherwise nothing but
 * the reader moves it.
 */
export function Transcript(props: {
  readonly rows: readonly Row[]
  readonly hasMore: boolean
  readonly onOlder: () => void
  readonly busy: boolean
  /** A place in it is wanted from the start, and not its end. */
  readonly whole?: boolean
  readonly ref?: Ref<TranscriptHandle>
}) {
  const { onOlder, busy, whole = false, ref } = props
  const rows = useEndFirst(props.rows, whole)
  // What is here already comes first; only then is there reason to ask for older rows.
  const hasMore = props.hasMore && rows.length === props.rows.length
  const box = useRef<HTMLDivElement>(null)
  const list = useRef<VListHandle>(null)
  const following = useRef(true)
  const last = useRef({ offset: 0, viewportSize: 0, scrollSize: 0 })
  const [seen, setSeen] = useState<number | null>(null)
  const [focused, setFocused] = useState<number | null>(null)
  const [marked, setMarked] = useState<string | null>(null)

  // Older rows came in front: the list keeps its place from the end instead of from the start.
  const first = useRef<string | undefined>(undefined)
  const shift = first.current !== undefined && rows[0]?.key !== first.current
  useLayoutEffect(() => {
    first.current = rows[0]?.key
  })

  const toEnd = () => list.current?.scrollToIndex(rows.length - 1, { align: "end" })
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed the rows may have made them longer
  useLayoutEffect(() => {
    if (following.current) toEnd()
  }, [rows])

  /** Nothing but the reader moves the transcript from here on. */
  const toRow = (index: number, mark: boolean) => {
    const row = rows[index]
    if (!row) return
    following.current = false
    setSeen((before) => before ?? rows.length)
    list.current?.scrollToIndex(index, { align: "start" })
    if (!mark) return
    setMarked(row.key)
    // The list draws the row only after it has scrolled there.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        box.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true })
      }),
    )
  }
  const inView = () => list.current?.findItemIndex(list.current.scrollOffset + 8) ?? 0
  useImperativeHandle(ref, () => ({
    toSeq: (seq) =>
      toRow(
        Math.max(
          0,
          rows.findLastIndex((row) => row.seq !== null && row.seq <= seq),
        ),
        true,
      ),
    toTurn: (step) => {
      const from = inView()
      const index =
        step > 0
          ? rows.findIndex((row, at) => at > from && row.beginsTurn)
          : rows.findLastIndex((row, at) => at < from && row.beginsTurn)
      if (index >= 0) toRow(index, true)
      else if (step > 0) goToEnd()
    },
    toEnd: goToEnd,
    seqInView: () => rows[inView()]?.seq ?? null,
  }))
  const goToEnd = () => {
    following.current = true
    setSeen(null)
    toEnd()
  }

  const onScroll = (offset: number) => {
    // The list learns of a new size only after the scroll that came of it, so the element is asked.
    const { scrollHeight: scrollSize = 0, clientHeight: viewportSize = 0 } =
      box.current?.firstElementChild ?? {}
    const atEnd = offset + viewportSize >= scrollSize - AT_END
    // The browser lowers the offset too, where the window grew or the text shrank; only a reader does it otherwise.
    const sameSize = viewportSize === last.current.viewportSize && scrollSize >= last.current.scrollSize
    if (atEnd) following.current = true
    else if (sameSize && offset < last.current.offset - 1) following.current = false
    else if (following.current) toEnd()
    last.current = { offset, viewportSize, scrollSize }
    setSeen((before) => (following.current ? null : (before ?? rows.length)))
    if (hasMore && offset < NEAR_START) onOlder()
  }

  // A first page that does not fill the window has nothing to scroll by.
  useEffect(() => {
    if (hasMore && list.current && list.current.scrollSize <= list.current.viewportSize + NEAR_START)
      onOlder()
  }, [hasMore, onOlder])

  const unseen = seen === null ? 0 : Math.max(0, rows.length - seen)
  return (
    <div ref={box} className="relative min-h-0 flex-1">
      <VList
        ref={list}
        data={rows as Row[]}
        shift={shift}
        bufferSize={400}
        role="log"
        aria-live="off"
        aria-label="Transcript"
        aria-busy={busy}
        tabIndex={0}
        className="focus-visible:-outline-offset-2"
        style={{ height: "100%", overflowAnchor: "none" }}
        {...(focused !== null && { keepMounted: [focused] })}
        onScroll={onScroll}
        onResize={() => {
          if (following.current) toEnd()
        }}
        onFocus={({ target }) => {
          const index = target.closest("[data-index]")?.getAttribute("data-index")
          setFocused(index == null ? null : Number(index))
        }}
        onBlur={() => setFocused(null)}
      >
        {(row, index) => (
          <article
            key={row.key}
            data-index={index}
            data-seq={row.seq ?? undefined}
            tabIndex={-1}
            className={clsx(
              "group/row mx-auto w-full max-w-[80ch] px-3 outline-none sm:px-4",
              marked === row.key && "row-marked",
            )}
            aria-setsize={hasMore ? -1 : rows.length}
            aria-posinset={index + 1}
          >
            {row.element}
          </article>
        )}
      </VList>
      {seen !== null && (
        <button
          type="button"
          className="control absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full! shadow-md"
          onClick={goToEnd}
        >
          <ArrowDown size={14} aria-hidden />
          {unseen > 0 ? `${unseen} new` : "Jump to latest"}
        </button>
      )}
    </div>
  )
}
