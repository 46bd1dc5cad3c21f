import { useNavigate } from "@tanstack/react-router"
import clsx from "clsx"
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react"
import { type Command, GROUPS, useAllCommands } from "../-app/commands.ts"
import { plural } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { useSessionList } from "../-app/live.ts"
import { keyOf, useSearch } from "../-app/search.ts"
import { filterSessions, sortSessions } from "../-app/session-order.ts"
import { Dialog } from "./dialog.tsx"
import { KeyCaps } from "./key-caps.tsx"
import { Marked } from "./marked.tsx"
import { StateMark } from "./state-mark.tsx"

interface Choice {
  readonly id: string
  readonly group: string
  readonly content: ReactNode
  readonly run: () => void
}

const MOST_SESSIONS = 8
const MOST_SAID = 4
/** Fewer letters are in everything. */
const SEARCHED_LETTERS = 3

/** Everything that can be done from here, and every session, found by typing. */
export default function Palette({ onClose }: { readonly onClose: () => void }) {
  const id = useId()
  const [query, setQuery] = useState("")
  const [at, setAt] = useState(0)
  const commands = useAllCommands()
  const sessions = useSessionChoices(query)
  const said = useSaidChoices(query)
  const choices = useMemo(
    () => [...commandChoices(commands, query), ...sessions, ...said],
    [commands, query, sessions, said],
  )
  const current = Math.min(at, choices.length - 1)

  const take = (choice: Choice | undefined) => {
    if (!choice) return
    onClose()
    // The dialog gives the focus back first, so that a command may move it on.
    setTimeout(choice.run)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      const next = (current + step + choices.length) % Math.max(1, choices.length)
      setAt(next)
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" })
    }
    if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault()
      take(choices[current])
    }
  }

  return (
    <Dialog label="Commands" onClose={onClose} className="w-[min(40rem,calc(100vw-1.5rem))]">
      <input
        className="w-full border-b border-line bg-transparent px-4 py-3 text-base outline-none"
        role="combobox"
        aria-label="Type a command or the name of a session"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={choices.length > 0 ? `${id}-${current}` : undefined}
        placeholder="Type a command or the name of a session"
        autoComplete="off"
        spellCheck={false}
        autoFocus
        value={query}
        onChange={({ target: { value } }) => {
          setQuery(value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="Commands and sessions"
        className="max-h-[min(26rem,60dvh)] overflow-y-auto p-1.5"
      >
        {choices.map((choice, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the box keeps the focus and names the option
          <div key={choice.id} id={`${id}-${index}`} role="option" aria-selected={index === current}>
            {choice.group !== choices[index - 1]?.group && (
              <p aria-hidden className="px-2.5 pt-2 pb-1 text-note text-quiet">
                {choice.group}
              </p>
            )}
            {/* biome-ignore lint/a11y/noStaticElementInteractions: the option around it has the role */}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's */}
            <div
              className={clsx(
                "flex min-h-8 cursor-pointer items-center gap-3 rounded-md px-2.5 py-1 text-row touch:min-h-11",
                index === current && "bg-sunken",
              )}
              onPointerMove={() => setAt(index)}
              onClick={() => take(choice)}
            >
              {choice.content}
            </div>
          </div>
        ))}
      </div>
      <p role="status" className="sr-only">
        {plural(choices.length, "choice")}
      </p>
    </Dialog>
  )
}

function commandChoices(commands: readonly Command[], query: string): Choice[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return commands
    .filter(({ id }) => id !== "palette")
    .filter(({ group, title }) => words.every((word) => `${group} ${title}`.toLowerCase().includes(word)))
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group))
    .map(({ id, group, title, keys, run }) => ({
      id,
      group,
      run,
      content: (
        <>
          <span className="min-w-0 flex-1 truncate">{title}</span>
          {keys && <KeyCaps keys={keys} />}
        </>
      ),
    }))
}

function useSessionChoices(query: string): Choice[] {
  const navigate = useNavigate()
  const { entries } = useSessionList()
  return useMemo(() => {
    const found = filterSessions(sortSessions(entries.values()), { q: query }).slice(0, MOST_SESSIONS)
    return found.map((entry) => ({
      id: entry.sessionId,
      group: "Sessions",
      run: () => void navigate({ to: "/s/$sessionId", params: { sessionId: entry.sessionId } }),
      content: (
        <>
          <span className="min-w-0 flex-1 truncate">{plainText(entry.title)}</span>
          <StateMark status={entry.status} className="text-note" />
        </>
      ),
    }))
  }, [entries, query, navigate])
}

/** What was said in any session, and the way to all of it. */
function useSaidChoices(query: string): Choice[] {
  const navigate = useNavigate()
  const q = query.trim()
  const { hits } = useSearch(q.length < SEARCHED_LETTERS ? "" : q, MOST_SAID)
  return useMemo(() => {
    if (q === "") return []
    const found = hits.slice(0, MOST_SAID).map((hit) => ({
      id: keyOf(hit),
      group: "Said in a session",
      run: () =>
        void navigate({
          to: "/s/$sessionId",
          params: { sessionId: hit.sessionId },
          hash: String(hit.seq),
        }),
      content: (
        <>
          <span className="max-w-40 shrink-0 truncate text-quiet">{plainText(hit.title)}</span>
          <span className="min-w-0 flex-1 truncate">
            <Marked text={hit.text} ranges={hit.ranges} />
          </span>
        </>
      ),
    }))
    const all = {
      id: "search-all",
      group: "Said in a session",
      run: () => void navigate({ to: "/search", search: { q } }),
      content: <span className="min-w-0 flex-1 truncate">Search all sessions for “{plainText(q)}”</span>,
    }
    return [...found, all]
  }, [hits, q, navigate])
}
