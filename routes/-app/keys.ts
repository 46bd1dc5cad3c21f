/** Which key means which command. Pure: the page says what was pressed and what is open. */

/** As a browser reports a key. */
export interface Pressed {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/**
 * A key by its name: `k`, `K` (with Shift), `?`, `Enter`, `Mod+k`, `Mod+Shift+Enter`. `Mod` is Ctrl or Cmd. `null`
 * for what no command may use: modifiers alone, and whatever is pressed with Alt.
 */
export function nameOfKey({ key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): string | null {
  if (altKey || ["Shift", "Control", "Meta", "Alt", "Dead", "Process"].includes(key)) return null
  const name = key === " " ? "Space" : key
  if (!ctrlKey && !metaKey) return name
  return `Mod+${shiftKey ? "Shift+" : ""}${name.length === 1 ? name.toLowerCase() : name}`
}

export interface Keyed {
  /** One key, or two that are pressed one after the other: `g s`. */
  readonly keys?: string | undefined
  /** Whether it counts while somebody types. */
  readonly whileTyping?: boolean | undefined
}

type Meaning<Of> =
  | { readonly type: "run"; readonly command: Of }
  /** The first key of two: `held` is waited upon. */
  | { readonly type: "hold"; readonly held: string }
  | { readonly type: "nothing" }

/** What a key means after `held` was pressed (`null`: nothing was). Of two commands the later one is nearer. */
export function meaningOf<Of extends Keyed>(
  commands: readonly Of[],
  name: string,
  { held, typing, singleKeys }: { held: string | null; typing: boolean; singleKeys: boolean },
): Meaning<Of> {
  const modified = name.startsWith("Mod+")
  // Whatever was chosen for it: a key that is a letter types one.
  const usable = commands.filter(
    ({ whileTyping }) => (modified || singleKeys) && (!typing || (modified && whileTyping === true)),
  )
  const of = (keys: string) => usable.findLast((command) => command.keys === keys)
  const command = (held === null ? undefined : of(`${held} ${name}`)) ?? of(name)
  if (command) return { type: "run", command }
  return usable.some(({ keys }) => keys?.startsWith(`${name} `))
    ? { type: "hold", held: name }
    : { type: "nothing" }
}

/** Keys as a person reads them: `Ctrl K`, `G then S`. */
export function readableKeys(keys: string, mac: boolean): string {
  const one = (name: string) =>
    name
      .split("+")
      .map((part) =>
        part === "Mod"
          ? mac
            ? "⌘"
            : "Ctrl"
          : part.length === 1 && /[A-Z]/.test(part)
            ? `Shift ${part}`
            : part.length === 1
              ? part.toUpperCase()
              : part,
      )
      .join(" ")
  return keys.split(" ").map(one).join(" then ")
}

/** As a screen reader is told: `Shift+Y`, `Control+k`. Two keys after each other have no such name. */
export const shortcutsOf = (keys: string | undefined): string | undefined =>
  keys === undefined || keys.includes(" ")
    ? undefined
    : keys
        .split("+")
        .map((part) => (part === "Mod" ? "Control" : /^[A-Z]$/.test(part) ? `Shift+${part}` : part))
        .join("+")
