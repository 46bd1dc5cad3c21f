/** A session goes on also where its spool cannot be opened, and says that something may be missing. */
import { mkdirSync, renameSync } from "node:fs"
import { dirname } from "node:path"
import { errorText } from "#streams/error-text"
import type { Unstamped } from "#streams/event"
import type { Spool } from "#streams/spool"
import { openSpoolFile } from "./spool-file.ts"

/**
 * The spool at `path`, or a new one after what cannot be opened was set aside under another name. Where neither is
 * possible nothing can be spooled: a publisher then holds its agent back until the store has what was said.
 */
export function openSpoolAnyhow(path: string): {
  readonly spool: Spool
  /** To be said in the stream. */
  readonly notices: readonly Unstamped[]
} {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return { spool: openSpoolFile(path), notices: [] }
  } catch (error) {
    const notices = [unread(path, errorText(error))]
    try {
      renameSync(path, `${path}.set-aside-${Date.now()}`)
      return { spool: openSpoolFile(path), notices }
    } catch (again) {
      return { spool: noSpool(again), notices }
    }
  }
}

const unread = (path: string, reason: string): Unstamped => ({
  type: "notice",
  severity: "error",
  category: "spool",
  title: `What this session may have said while the stream server was away cannot be read: ${reason}`,
  hint: `Nothing that was acknowledged is missing. What can be set aside is kept beside ${path}.`,
})

const noSpool = (reason: unknown): Spool => ({
  read: () => "",
  append() {
    throw reason
  },
  keep() {
    throw reason
  },
  blobs: () => [],
  clear: () => undefined,
  [Symbol.dispose]: () => undefined,
})
