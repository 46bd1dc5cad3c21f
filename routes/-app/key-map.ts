/**
 * Every command that may have a key: where it counts, what it is called where keys are chosen, and the key that it has
 * until another one is chosen. Pure.
 */

/** Where a command counts. */
export const PLACES = {
  everywhere: "Everywhere",
  list: "Lists",
  question: "Questions",
  session: "A session",
  past: "A session's past",
  files: "Its files",
  run: "A run",
} as const
export type Place = keyof typeof PLACES

interface Binding {
  readonly place: Place
  readonly title: string
  /** As `keys.ts` names them; `null`: none until one is chosen. */
  readonly keys: string | null
}

const in_ = (place: Place, title: string, keys: string | null = null): Binding => ({ place, title, keys })

export const KEY_MAP = {
  palette: in_("everywhere", "All commands", "Mod+k"),
  keys: in_("everywhere", "Keys", "?"),
  new: in_("everywhere", "New session", "c"),
  sessions: in_("everywhere", "Sessions", "g s"),
  inbox: in_("everywhere", "Inbox", "g i"),
  runs: in_("everywhere", "Workflows", "g w"),
  "new-run": in_("everywhere", "Start a run of a workflow", "g n"),
  starters: in_("everywhere", "Schedules and webhooks", "g t"),
  search: in_("everywhere", "Search all sessions", "g f"),
  usage: in_("everywhere", "Usage", "g u"),
  settings: in_("everywhere", "Settings", "g ,"),
  theme: in_("everywhere", "Light or dark colours"),
  density: in_("everywhere", "Compact or comfortable rows"),
  "undo-answer": in_("everywhere", "Take an answer back", "Mod+z"),

  filter: in_("list", "Filter, or change the words", "/"),
  down: in_("list", "Next row", "j"),
  up: in_("list", "Previous row", "k"),
  group: in_("list", "Group by directory"),
  archived: in_("list", "Archived sessions"),

  allow: in_("question", "Allow", "y"),
  allow_always: in_("question", "Always allow", "Y"),
  deny: in_("question", "Deny", "n"),

  compose: in_("session", "Write a message", "i"),
  steer: in_("session", "Steer: into the running turn", "Mod+Enter"),
  interrupt: in_("session", "Interrupt: instead of the running turn", "Mod+Shift+Enter"),
  stop: in_("session", "Stop the turn, pressed twice", "."),
  resume: in_("session", "Resume", "r"),
  find: in_("session", "Search in the session", "/"),
  changes: in_("session", "Files", "d"),
  "usage-panel": in_("session", "Usage by turn", "u"),
  note: in_("session", "The agent's last note"),
  events: in_("session", "Raw events", "o"),
  link: in_("session", "Copy a link to this place", "l"),
  "turn-before": in_("session", "Previous turn", "["),
  "turn-after": in_("session", "Next turn", "]"),
  end: in_("session", "Jump to the latest", "G"),
  thoughts: in_("session", "Show or hide thoughts", "t"),
  expand: in_("session", "Open all calls", "e"),
  collapse: in_("session", "Close all calls", "w"),
  fork: in_("session", "Fork", "f"),
  "fork-here": in_("session", "Fork from the message in view", "F"),
  restore: in_("session", "Go back to before the last turn", "z"),
  "bring-home": in_("session", "Bring home", "h"),
  "keep-files": in_("session", "Keep the files as they are"),
  copy: in_("session", "Copy the transcript"),
  "export-markdown": in_("session", "Export as Markdown"),
  "export-json": in_("session", "Export events as JSON"),
  "export-patch": in_("session", "Export changes as a patch"),
  limits: in_("session", "Limits"),
  rename: in_("session", "Rename"),
  archive: in_("session", "Archive, or bring back"),

  past: in_("session", "Go back in time", ","),
  now: in_("past", "Back to now", "G"),
  "scrub-back": in_("past", "One event back", ","),
  "scrub-on": in_("past", "One event on", ";"),
  "scrub-play": in_("past", "Play or pause", "Space"),

  "file-after": in_("files", "Next file", "j"),
  "file-before": in_("files", "Previous file", "k"),
  "change-after": in_("files", "Next change", "J"),
  "change-before": in_("files", "Previous change", "K"),
  split: in_("files", "Before and after beside each other", "b"),
  comment: in_("files", "Comment on the marked lines", "m"),
  "write-comments": in_("files", "Put the comments into the message", "M"),

  "run-resume": in_("run", "Resume the run", "r"),
  "run-pause": in_("run", "Pause the run", "p"),
  "run-cancel": in_("run", "Cancel the run", "."),
  "step-next": in_("run", "Next step", "j"),
  "step-previous": in_("run", "Previous step", "k"),
  "step-close": in_("run", "Close the step", "Escape"),
  "step-retry": in_("run", "Retry the step", "r"),
  "step-skip": in_("run", "Skip the step", "s"),
  "step-resume_from": in_("run", "Do again from the step", "a"),
  "step-fork": in_("run", "Fork from the step", "f"),
  "run-view": in_("run", "As a list or as a graph", "v"),
  "run-link": in_("run", "Copy a link to this place", "l"),
} as const satisfies Readonly<Record<string, Binding>>

export type CommandId = keyof typeof KEY_MAP
export const COMMAND_IDS = Object.keys(KEY_MAP) as readonly CommandId[]

/** What was chosen instead of the key that a command has at first. Empty: none. */
export type ChosenKeys = Readonly<Partial<Record<CommandId, string>>>

export function keysOf(id: CommandId, chosen: ChosenKeys): string | undefined {
  const keys: string | null = chosen[id] ?? KEY_MAP[id].keys
  return keys === null || keys === "" ? undefined : keys
}

/** Reads what was stored; what no command is called any more is forgotten. */
export function parseChosenKeys(given: unknown): ChosenKeys {
  const stored = new Map(Object.entries(Object(given)))
  return Object.fromEntries(
    COMMAND_IDS.flatMap((id) => {
      const keys = stored.get(id)
      return typeof keys === "string" && keys.length <= 40 ? [[id, keys]] : []
    }),
  )
}

/** Places that are there at the same time as that one. */
const BESIDE: Readonly<Record<Place, readonly Place[]>> = {
  everywhere: ["list", "question", "session", "past", "files", "run"],
  list: ["question"],
  question: ["list", "session"],
  session: ["question", "past", "files"],
  past: ["session", "files"],
  files: ["session", "past"],
  run: [],
}

const meet = (one: Place, other: Place): boolean =>
  one === other || one === "everywhere" || other === "everywhere" || BESIDE[one].includes(other)

const clash = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `)

/** The commands that want the same key where both count. Those that have it both from the start share it on purpose. */
export function conflictsOf(id: CommandId, chosen: ChosenKeys): readonly CommandId[] {
  const keys = keysOf(id, chosen)
  if (keys === undefined) return []
  return COMMAND_IDS.filter((other) => {
    const theirs = keysOf(other, chosen)
    if (other === id || theirs === undefined || !clash(keys, theirs)) return false
    if (keys === KEY_MAP[id].keys && theirs === KEY_MAP[other].keys) return false
    return meet(KEY_MAP[id].place, KEY_MAP[other].place)
  })
}

// They close, open or leave the tab before a page hears of them.
const BROWSERS: ReadonlySet<string> = new Set([
  "Mod+t",
  "Mod+n",
  "Mod+w",
  "Mod+q",
  "Mod+Shift+t",
  "Mod+Shift+n",
])
/** What moves the focus, presses a button or types stays what it is. */
const FIXED: ReadonlySet<string> = new Set(["Tab", "Enter", "Backspace", "Delete", "ArrowUp", "ArrowDown"])

/** Why that key cannot be had; `null`: it can. */
export function whyNotKey(name: string): string | null {
  if (BROWSERS.has(name)) return "The browser keeps that key for itself."
  if (FIXED.has(name)) return "That key moves and presses what has the focus."
  return null
}
