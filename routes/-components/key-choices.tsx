import { type KeyboardEvent, useEffect, useRef, useState } from "react"
import { HOLD_MS } from "../-app/commands.ts"
import {
  COMMAND_IDS,
  type CommandId,
  conflictsOf,
  KEY_MAP,
  keysOf,
  PLACES,
  type Place,
  whyNotKey,
} from "../-app/key-map.ts"
import { nameOfKey } from "../-app/keys.ts"
import { changeSettings, useSettings } from "../-app/settings.ts"
import { KeyCaps } from "./key-caps.tsx"

const PLACE_IDS = Object.keys(PLACES) as readonly Place[]

/** The key of every command, to be changed. */
export function KeyChoices() {
  const { keys: chosen } = useSettings()
  const changed = Object.keys(chosen).length
  return (
    <details className="mt-3 touch:hidden">
      <summary className="w-fit cursor-pointer text-row font-medium text-soft hover:text-ink">
        Keys of commands{changed > 0 && `, ${changed} changed`}
      </summary>
      {changed > 0 && (
        <button type="button" className="control float-right" onClick={() => changeSettings({ keys: {} })}>
          Reset all keys
        </button>
      )}
      <p className="mt-1 text-note text-quiet">
        Press Change, then the new key, or two keys one after the other. Backspace takes the key away, Escape
        leaves it as it is.
      </p>
      {PLACE_IDS.map((place) => (
        <section key={place} aria-label={PLACES[place]}>
          <h4 className="mt-3 mb-1 text-note font-medium text-quiet">{PLACES[place]}</h4>
          <ul className="divide-y divide-line rounded-md border border-line">
            {COMMAND_IDS.filter((id) => KEY_MAP[id].place === place).map((id) => (
              <KeyChoice key={id} id={id} />
            ))}
          </ul>
        </section>
      ))}
    </details>
  )
}

function choose(id: CommandId, keys: string, chosen: ReturnType<typeof useSettings>["keys"]): void {
  const { [id]: _, ...others } = chosen
  changeSettings({ keys: keys === (KEY_MAP[id].keys ?? "") ? others : { ...others, [id]: keys } })
}

function KeyChoice({ id }: { readonly id: CommandId }) {
  const { keys: chosen } = useSettings()
  const [asking, setAsking] = useState(false)
  const [held, setHeld] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const taken = useRef(false)
  const { title } = KEY_MAP[id]
  const keys = keysOf(id, chosen)
  const conflicts = conflictsOf(id, chosen)

  const leave = () => {
    clearTimeout(timer.current)
    setAsking(false)
    setHeld(null)
    setProblem(null)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  const take = (next: string) => {
    leave()
    choose(id, next, chosen)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const name = nameOfKey(event)
    if (!asking || name === null || name === "Tab") return
    event.preventDefault()
    taken.current = true
    if (name === "Escape" && held === null) return leave()
    if (name === "Backspace" || name === "Delete") return take("")
    const why = whyNotKey(name)
    if (why !== null) return setProblem(why)
    clearTimeout(timer.current)
    if (held !== null || name.startsWith("Mod+")) return take(held === null ? name : `${held} ${name}`)
    setHeld(name)
    setProblem(null)
    timer.current = setTimeout(() => take(name), HOLD_MS)
  }
  return (
    <li className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1 text-row">
      <span className="min-w-40 flex-1">
        {title}
        {conflicts.length > 0 && (
          <span className="block text-note text-needs">
            Also the key of {conflicts.map((other) => `“${KEY_MAP[other].title}”`).join(", ")}
          </span>
        )}
        {problem && (
          <span role="alert" className="block text-note text-fail">
            {problem}
          </span>
        )}
      </span>
      {!asking &&
        (keys === undefined ? <span className="text-note text-quiet">no key</span> : <KeyCaps keys={keys} />)}
      {chosen[id] !== undefined && !asking && (
        <button
          type="button"
          className="control"
          aria-label={`Reset: ${title}`}
          onClick={() => choose(id, KEY_MAP[id].keys ?? "", chosen)}
        >
          Reset
        </button>
      )}
      <button
        type="button"
        className="control"
        aria-label={asking ? `Press the key for: ${title}` : `Change: ${title}`}
        aria-pressed={asking}
        onClick={() => (asking ? leave() : setAsking(true))}
        onBlur={leave}
        onKeyDown={onKeyDown}
        onKeyUp={(event) => {
          // The key was meant as a key: it does not press this button as well.
          if (taken.current) event.preventDefault()
          taken.current = false
        }}
      >
        {asking ? held === null ? "Press a key…" : <KeyCaps keys={held} /> : "Change"}
      </button>
    </li>
  )
}
