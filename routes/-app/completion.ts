/** What a message that is being typed may go on with: `/command` at its start, `@file` anywhere. Pure. */
import type { SlashCommand } from "#streams/event"
import type { Item } from "#streams/session"

export interface Suggestion {
  readonly text: string
  readonly detail: string
}

/** The part that is being typed, and what would stand in its place. */
export interface Completion {
  readonly from: number
  readonly to: number
  readonly suggestions: readonly Suggestion[]
}

const MOST = 8

/** The letters of a file that is being named at the caret; `null` where none is. */
export const mentionAt = (text: string, caret: number): string | null => {
  const match = MENTION.exec(text.slice(0, caret))
  return match && (match[1] ?? match[2] ?? "")
}

/** A path with spaces in it stands in quotes. */
const MENTION = /(?:^|\s)@(?:"([^"\n]*)|(\S*))$/

/** `mentioned`: files that the session has to do with. `found`: what the server knows for these letters, best first. */
export function completionAt(
  text: string,
  caret: number,
  {
    commands,
    mentioned,
    found,
  }: {
    readonly commands: readonly SlashCommand[]
    readonly mentioned: readonly string[]
    readonly found: readonly string[]
  },
): Completion | null {
  const before = text.slice(0, caret)
  const command = /^\/(\S*)$/.exec(before)
  if (command) {
    const wanted = (command[1] ?? "").toLowerCase()
    const suggestions = commands
      .filter(({ name }) => name.toLowerCase().includes(wanted))
      .sort((a, b) => rank(a.name, wanted) - rank(b.name, wanted))
      .slice(0, MOST)
      .map(({ name, description, hint }) => ({
        text: `/${name} `,
        detail: [description, hint].filter(Boolean).join(" · "),
      }))
    return suggestions.length > 0 ? { from: 0, to: caret, suggestions } : null
  }
  const letters = mentionAt(text, caret)
  if (letters === null) return null
  const wanted = letters.toLowerCase()
  const near = mentioned
    .filter((path) => path.toLowerCase().includes(wanted))
    .sort((a, b) => rank(nameOf(a), wanted) - rank(nameOf(b), wanted))
  const suggestions = [...new Set([...near, ...found.filter((path) => holds(path, wanted))])]
    .slice(0, MOST)
    .map((path) => ({ text: `${mentionOf(path)} `, detail: "" }))
  return suggestions.length > 0 ? { from: before.lastIndexOf("@"), to: caret, suggestions } : null
}

const mentionOf = (path: string): string => (/\s/.test(path) ? `@"${path}"` : `@${path}`)

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
const rank = (name: string, wanted: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1)

/** Whether the letters are in the path, in order; while the next answer is on its way the last one stands. */
function holds(path: string, letters: string): boolean {
  const name = path.toLowerCase()
  let at = 0
  for (const letter of letters.replace(/\s/g, "")) {
    at = name.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

/** The files that a session has to do with, the last one first, as paths inside its directory where they are. */
export function mentionedFiles(items: readonly Item[], workingDir: string | null): string[] {
  const inside = (path: string) =>
    workingDir !== null && path.startsWith(`${workingDir}/`) ? path.slice(workingDir.length + 1) : path
  const paths = items.flatMap((item) =>
    item.type !== "tool"
      ? []
      : [
          ...item.locations.map(({ path }) => path),
          ...item.content.flatMap((content) => (content.type === "diff" ? [content.path] : [])),
        ],
  )
  return [...new Set(paths.reverse().map(inside))].filter((path) => path !== "" && !/["\n]/.test(path))
}
