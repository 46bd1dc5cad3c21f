import { ChevronDown, ChevronUp, X } from "lucide-react"
import { useEffect, useRef, useState } from "react"
import { type ReplayLine, useReplayed } from "../-app/replay-client.ts"
import { KIND, Marked } from "./marked.tsx"

const PAUSE_MS = 150

/** Searches a whole session, those parts too that the transcript has not loaded. */
export default function FindBar(props: {
  readonly replay: ReplayLine
  readonly seq: number
  readonly onGo: (seq: number) => void
  readonly onClose: () => void
}) {
  const { replay, seq, onGo, onClose } = props
  const [text, setText] = useState("")
  const [asked, setAsked] = useState("")
  const [at, setAt] = useState(-1)
  const list = useRef<HTMLUListElement>(null)
  const { value: found, problem } = useReplayed(replay, "find", { text: asked }, seq)
  useEffect(() => {
    const timer = setTimeout(() => {
      setAsked(text)
      setAt(-1)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])

  const count = found?.length ?? 0
  const go = (index: number) => {
    if (count === 0) return
    const next = (index + count) % count
    setAt(next)
    const hit = found?.[next]
    if (hit) onGo(hit.seq)
    list.current?.children[next]?.scrollIntoView({ block: "nearest" })
  }
  const look = "grid size-8 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
  return (
    <search className="shrink-0 border-b border-line bg-raised">
      <div className="mx-auto flex max-w-[80ch] items-center gap-1 px-3 py-1.5 sm:px-4">
        <input
          type="search"
          className="field h-8 py-0! text-row!"
          aria-label="Search in this session"
          placeholder="Search in this session"
          // biome-ignore lint/a11y/noAutofocus: it was opened to be typed into
          autoFocus
          value={text}
          onChange={({ target: { value } }) => setText(value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onClose()
            if (event.key !== "Enter") return
            event.preventDefault()
            go(at + (event.shiftKey ? -1 : 1))
          }}
        />
        <span className="w-20 shrink-0 text-right text-note text-quiet figures" role="status">
          {problem ?? (asked.trim() === "" ? "" : `${count === 0 ? "None" : `${at + 1} of ${count}`}`)}
        </span>
        <button type="button" className={look} aria-label="Previous match" onClick={() => go(at - 1)}>
          <ChevronUp size={16} aria-hidden />
        </button>
        <button type="button" className={look} aria-label="Next match" onClick={() => go(at + 1)}>
          <ChevronDown size={16} aria-hidden />
        </button>
        <button type="button" className={look} aria-label="Close search" onClick={onClose}>
          <X size={16} aria-hidden />
        </button>
      </div>
      {count > 0 && (
        <ul
          ref={list}
          aria-label="Matches"
          className="mx-auto max-h-40 max-w-[80ch] overflow-y-auto px-3 pb-2 sm:px-4"
        >
          {found?.map((hit, index) => (
            <li key={hit.key}>
              <button
                type="button"
                aria-current={index === at ? "true" : undefined}
                className="flex w-full gap-2 rounded-md px-1.5 py-1 text-left text-row hover:bg-sunken aria-[current]:bg-sunken touch:py-3"
                onClick={() => go(index)}
              >
                <span className="w-16 shrink-0 text-quiet">{KIND[hit.type]}</span>
                <span className="min-w-0 truncate">
                  <Marked text={hit.excerpt} ranges={[[hit.from, hit.to]]} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </search>
  )
}
