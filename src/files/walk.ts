/** The files below a directory that is in no repository. No link is followed, and a large tree is read in part. */
import type { Dirent } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"

const MOST_FILES = 50_000
const MOST_MS = 2_000
const SKIPPED = new Set([".git", "node_modules"])

export interface Walked {
  /** As paths from the directory, the near ones first. */
  readonly files: readonly string[]
  /** Whether these are all. */
  readonly complete: boolean
}

export async function walk(directory: string): Promise<Walked> {
  const start = performance.now()
  const files: string[] = []
  let complete = true
  const folders = [""]
  for (const folder of folders) {
    if (files.length > MOST_FILES || performance.now() - start > MOST_MS) return { files, complete: false }
    const entries = await readdir(join(directory, folder), { withFileTypes: true }).catch((): Dirent[] => {
      complete = false // Not ours to read, or gone since.
      return []
    })
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isFile()) files.push(path)
      else if (entry.isDirectory() && !SKIPPED.has(entry.name)) folders.push(path)
    }
  }
  return { files, complete }
}
