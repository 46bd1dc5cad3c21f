/** What the fold of a session is made of: as soon as any of it is another, what was folded before is made anew. */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"

let version: Promise<string> | null = null

/** No number that somebody would have to remember to raise: the language of the streams itself, as it is installed. */
export function foldVersion(): Promise<string> {
  version ??= versionOf(new URL("../../streams/", import.meta.url))
  return version
}

async function versionOf(folder: URL): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /[.][jt]s$/.test(name) && !name.endsWith(".d.ts"))
  const hash = createHash("sha256")
  for (const name of names.sort()) hash.update(name).update(await readFile(new URL(name, folder)))
  return hash.digest("hex").slice(0, 32)
}
