/** Which files a session changed, and how, in the order in which they were first touched. Pure. */
import type { Item } from "#streams/session"
import type { FileChange } from "./file-diff.ts"

export interface ChangedFile {
  readonly path: string
  readonly changes: readonly FileChange[]
}

/** Changes that follow on each other become one: a file written three times differs from its first state once. */
export function changedFiles(items: Iterable<Item>): ChangedFile[] {
  const files = new Map<string, FileChange[]>()
  for (const item of items) {
    if (item.type !== "tool" || item.status !== "completed") continue
    for (const content of item.content) {
      if (content.type !== "diff") continue
      const { path, oldText, newText } = content
      const changes = files.get(path) ?? []
      const last = changes.at(-1)
      if (last && last.newText === oldText)
        changes[changes.length - 1] = { path, oldText: last.oldText, newText }
      else changes.push({ path, oldText, newText })
      files.set(path, changes)
    }
  }
  return [...files].map(([path, changes]) => ({ path, changes }))
}
