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

export function completionAt(
  text: string,
  caret: number,
  { commands, files }: { readonly commands: readonly SlashCommand[]; readonly files: readonly string[] },
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
  const file = /(?:^|\s)@(\S*)$/.exec(before)
  if (!file) return null
  const wanted = (file[1] ?? "").toLowerCase()
  const suggestions = files
    .filter((path) => path.toLowerCase().includes(wanted))
    .sort((a, b) => rank(nameOf(a), wanted) - rank(nameOf(b), wanted))
    .slice(0, MOST)
    .map((path) => ({ text: `@${path} `, detail: "" }))
  return suggestions.length > 0 ? { from: caret - wanted.length - 1, to: caret, suggestions } : null
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
const rank = (name: string, wanted: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1)

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
  return [...new Set(paths.reverse().map(inside))].filter((path) => path !== "" && !/\s/.test(path))
}
