/** What the folds of sessions and of runs are made of: as soon as any of it is another, what was folded before is made anew. */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"

const LANGUAGE = new URL("../../streams/", import.meta.url)
let ofSessions: Promise<string> | null = null
let ofRuns: Promise<string> | null = null

/** No number that somebody would have to remember to raise: the language of the streams itself, as it is installed. */
export function foldVersion(): Promise<string> {
  ofSessions ??= versionOf(LANGUAGE)
  return ofSessions
}

export function runFoldVersion(): Promise<string> {
  ofRuns ??= versionOf(new URL("workflow/", LANGUAGE))
  return ofRuns
}

async function versionOf(folder: URL): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /[.][jt]s$/.test(name) && !name.endsWith(".d.ts"))
  const hash = createHash("sha256")
  for (const name of names.sort()) hash.update(name).update(await readFile(new URL(name, folder)))
  return hash.digest("hex").slice(0, 32)
}
