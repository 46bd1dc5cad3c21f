/** Random changes of files, as an agent or a person might make them. */
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import fc from "fast-check"

/** Few names, of which some are folders of others: so files take the place of folders and the other way round. */
const name = fc.constantFrom("a", "b", "b/c", "b/c/d", "e e", "f\ng", "h/i", "*", "-x")
export const edit = fc.oneof(
  fc.record({ do: fc.constant("write" as const), name, content: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ do: fc.constant("chmod" as const), name, executable: fc.boolean() }),
  fc.record({ do: fc.constant("link" as const), name, to: fc.constantFrom("a", "..", "nowhere", "b/c") }),
  fc.record({ do: fc.constant("remove" as const), name }),
  fc.record({ do: fc.constant("rename" as const), name, to: name }),
)
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never

/** What cannot be done to the files as they are is not done. */
export function applyEdit(path: string, one: Edit): void {
  const at = join(path, one.name)
  try {
    switch (one.do) {
      case "write":
        mkdirSync(dirname(at), { recursive: true })
        // Never through a link: what it leads to may lie outside.
        if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(at)
        if (isInside(path, at)) writeFileSync(at, one.content)
        return
      case "chmod":
        if (lstatSync(at).isFile() && isInside(path, at)) chmodSync(at, one.executable ? 0o755 : 0o644)
        return
      case "link":
        mkdirSync(dirname(at), { recursive: true })
        if (isInside(path, at)) symlinkSync(one.to, at)
        return
      case "remove":
        if (isInside(path, at)) rmSync(at, { recursive: true, force: true })
        return
      case "rename":
        if (isInside(path, at) && isInside(path, join(path, one.to))) renameSync(at, join(path, one.to))
        return
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error
  }
}

/** No folder on the way is a link. */
function isInside(root: string, at: string): boolean {
  for (let dir = dirname(at); dir !== root; dir = dirname(dir))
    if (lstatSync(dir, { throwIfNoEntry: false })?.isSymbolicLink()) return false
  return true
}
