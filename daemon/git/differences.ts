/** What differs between two trees: which files, by how much, and how. */
import type { FileChange } from "#streams/file-change"
import { type Bounds, GitError, gitBytes } from "./git.ts"
import type { Own } from "./invocation.ts"
import { shown } from "./paths.ts"

/** Where trees are looked up. */
export interface Looking {
  readonly root: string
  /** `undefined`: the repository itself. */
  readonly own: Own | undefined
}

const LISTING: Bounds = { timeoutMs: 30_000, maxBytes: 32 << 20 }

/** The files that differ, in order of their names. */
export async function changesBetween(
  { root: directory, own }: Looking,
  from: string,
  to: string,
  { renames = true, path }: { readonly renames?: boolean; readonly path?: string | undefined } = {},
): Promise<readonly FileChange[]> {
  const options = ["-r", "-z", "--raw", "--numstat", "--no-abbrev", renames ? "-M" : "--no-renames", from, to]
  const call = { directory, own, subcommand: "diff-tree", options, ...(path && { paths: [path] }) } as const
  return changesIn((await gitBytes(call, LISTING)).toString("latin1").split("\0"))
}

const STATUS: Readonly<Record<string, FileChange["status"]>> = {
  A: "added",
  D: "deleted",
  M: "modified",
  R: "renamed",
  T: "type_changed",
}

/** `:MODE MODE OBJECT OBJECT STATUS`, then names; after all of those `ADDED\tREMOVED\tNAME`. */
function changesIn(parts: readonly string[]): FileChange[] {
  const files = new Map<string, FileChange>()
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? ""
    if (part.startsWith(":")) {
      const [modeBefore, modeAfter, before, after, letter = ""] = part.slice(1).split(" ")
      const renamed = letter.startsWith("R")
      const [one = "", other = ""] = [parts[++at], renamed ? parts[++at] : undefined]
      const sameBytes = before === after && modeBefore !== modeAfter
      const status = letter === "M" && sameBytes ? "mode_changed" : (STATUS[letter.charAt(0)] ?? "modified")
      const path = renamed ? other : one
      files.set(path, {
        path: shown(path),
        ...(renamed && { from: shown(one) }),
        status,
        added: 0,
        removed: 0,
      })
    } else if (part !== "") {
      const [, added = "", removed = "", name = ""] = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(part) ?? []
      // Of a renamed file both names follow on their own.
      if (name === "") at += 2
      const path = name === "" ? (parts[at] ?? "") : name
      const file = files.get(path)
      if (file) files.set(path, { ...file, added: count(added), removed: count(removed) })
    }
  }
  return [...files.values()]
}

const count = (digits: string): number | null => (digits === "-" ? null : Number(digits))

export interface Totals {
  readonly files: number
  readonly added: number
  readonly removed: number
}

export const totalsOf = (changes: readonly FileChange[]): Totals => ({
  files: changes.length,
  added: changes.reduce((sum, { added }) => sum + (added ?? 0), 0),
  removed: changes.reduce((sum, { removed }) => sum + (removed ?? 0), 0),
})

/** What is shown of one patch; a longer one is told to be so. */
const PATCH_BYTES = 2 << 20

export interface Patch {
  /** As `git apply` reads it. */
  readonly patch: string
  /** There is more than is given. */
  readonly truncated: boolean
}

/** How they differ, as text; of files that are not text it says only that they do. */
export async function patchBetween(
  looking: Looking,
  from: string,
  to: string,
  { path }: { readonly path?: string | undefined } = {},
): Promise<Patch> {
  const patch = await patchBytes(looking, [from, to], { maxBytes: PATCH_BYTES, path })
  return { patch: patch?.toString("utf8") ?? "", truncated: patch === null }
}

/** The same, whole: with what is not text, where that is asked for. `null` when it is longer. */
export async function patchBytes(
  { root: directory, own }: Looking,
  [from, to]: readonly [string, string],
  options: { readonly maxBytes: number; readonly path?: string | undefined; readonly binary?: boolean },
): Promise<Buffer | null> {
  const { maxBytes, path, binary = false } = options
  const asked = ["-r", "-p", "-M", "--full-index", ...(binary ? ["--binary"] : []), from, to]
  const call = {
    directory,
    own,
    subcommand: "diff-tree",
    options: asked,
    ...(path && { paths: [path] }),
  } as const
  try {
    return await gitBytes(call, { timeoutMs: 30_000, maxBytes })
  } catch (error) {
    if (!(error instanceof GitError) || error.ending.how !== "said too much") throw error
    return null
  }
}
