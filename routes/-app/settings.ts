/** What a person chose for this browser. Every tab of it knows at once. */
import { useSyncExternalStore } from "react"
import { type ChosenKeys, parseChosenKeys } from "./key-map.ts"
import { readStored, writeStored } from "./stored.ts"

export interface Settings {
  /** `compact`: a third more rows on a screen. */
  readonly density: "comfortable" | "compact"
  /** Whether single keys act. Keys with Ctrl or Cmd always do. */
  readonly singleKeys: boolean
  /** What Enter does in a message; the other one is Shift+Enter. */
  readonly enter: "send" | "newline"
  /** Whether the system is asked to show notices. The browser has a say of its own. */
  readonly notices: boolean
  /** For how many seconds an answer to a question can be taken back before it leaves. */
  readonly undoSeconds: number
  /** By command, where it is another one than at first. */
  readonly keys: ChosenKeys
}

export const UNDO_SECONDS = [0, 3, 10, 30]

const KEY = "agentz.settings"
const standard: Settings = {
  density: "comfortable",
  singleKeys: true,
  enter: "send",
  notices: false,
  undoSeconds: 3,
  keys: {},
}

/** Reads what was stored, field by field: what is not understood is as if it was never chosen. */
export function parseSettings(stored: string | null): Settings {
  let given: Record<string, unknown> = {}
  try {
    given = Object(JSON.parse(stored ?? "{}"))
  } catch {
    // Nothing of it can be read, so nothing was chosen.
  }
  return {
    density: given.density === "compact" ? "compact" : "comfortable",
    singleKeys: given.singleKeys !== false,
    enter: given.enter === "newline" ? "newline" : "send",
    notices: given.notices === true,
    undoSeconds: UNDO_SECONDS.find((seconds) => seconds === given.undoSeconds) ?? standard.undoSeconds,
    keys: parseChosenKeys(given.keys),
  }
}

let settings = typeof localStorage === "undefined" ? standard : parseSettings(readStored(KEY))
const listeners = new Set<() => void>()

const tell = () => {
  document.documentElement.dataset.density = settings.density
  for (const listener of listeners) listener()
}

export function changeSettings(change: Partial<Settings>): void {
  settings = { ...settings, ...change }
  writeStored(KEY, JSON.stringify(settings))
  tell()
}

export const currentSettings = (): Settings => settings

export const useSettings = (): Settings => useSyncExternalStore(subscribe, currentSettings, currentSettings)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Applies what was chosen, and what another tab chooses. */
export function applySettings(): void {
  tell()
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY) return
    settings = parseSettings(newValue)
    tell()
  })
}
