/** What differs on the disk from an index of ours, and what of it can be kept. */
import { constants, lstatSync } from "node:fs"
import { access, lstat } from "node:fs/promises"
import { join, relative, sep } from "node:path"
import type { LeftOut } from "#streams/event"
import { isMissing } from "../missing.ts"
import { git, gitBytes, saidNo } from "./git.ts"
import type { Own } from "./invocation.ts"
import { fileAt, pathsIn, shown, typed } from "./paths.ts"
import type { Place } from "./place.ts"

export interface Scan {
  /** Files that are new, changed or gone. */
  readonly changed: readonly string[]
  /** How many of them the index did not know. */
  readonly fresh: number
  /** Files that the index has, and that cannot be kept as they are now. */
  readonly dropped: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

export interface Allowance {
  /** Of one file. */
  readonly fileBytes: number
  /** Of all files that are new or changed. */
  readonly totalBytes: number
  /** How many files may be new or changed. */
  readonly files: number
}

const ALLOWANCE: Allowance = { fileBytes: 100 << 20, totalBytes: 1 << 30, files: 200_000 }

/** Reading a tree of a hundred thousand files from a cold disk takes its time. */
export const SLOWLY = { timeoutMs: 60_000, maxBytes: 128 << 20 }

/** More than may be kept. The directory is no project, or its ignore rules lack something. */
export class TooManyFiles extends Error {
  override readonly name = "TooManyFiles"
  constructor(count: number, { files }: Allowance) {
    super(`${count} files are new or changed, and at most ${files} are kept: ignore what need not be kept.`)
  }
}

/** How many files are looked at at once. */
const AT_ONCE = 256

/** Throws {@link TooManyFiles}. */
export async function scan(place: Place, own: Own, allowance: Allowance = ALLOWANCE): Promise<Scan> {
  const { root: directory } = place
  const list = (subcommand: "ls-files" | "diff-files", ...options: readonly string[]) =>
    gitBytes({ directory, own, subcommand, options: ["-z", ...options] }, SLOWLY).then(pathsIn)
  const [stale, fresh, forced] = await Promise.all([
    list("diff-files", "--name-only", "--ignore-submodules=dirty"),
    list("ls-files", "--others", "--exclude-standard", ...exclusionsOf(place)),
    forcedIn(place),
  ])
  const inside = insideOf(place)
  const found = [...new Set([...stale, ...fresh, ...forced])].filter(inside)
  if (found.length > allowance.files) throw new TooManyFiles(found.length, allowance)

  const known = new Set(stale)
  const kept: { readonly path: string; readonly bytes: number }[] = []
  const dropped: string[] = []
  const leftOut: LeftOut[] = []
  const leave = (path: string, why: LeftOut["why"], bytes?: number) => {
    leftOut.push({ path: shown(path), why, ...(bytes !== undefined && { bytes }) })
    if (known.has(path)) dropped.push(path)
  }
  for (let at = 0; at < found.length; at += AT_ONCE)
    await Promise.all(
      found.slice(at, at + AT_ONCE).map(async (path) => {
        const seen = await lookAt(fileAt(place.root, path), known.has(path))
        if (typeof seen === "string") leave(path.replace(/\/$/, ""), seen)
        else if (seen > allowance.fileBytes) leave(path, "too_large", seen)
        else kept.push({ path, bytes: seen })
      }),
    )

  kept.sort((one, other) => one.bytes - other.bytes || (one.path < other.path ? -1 : 1))
  let total = 0
  const changed: string[] = []
  for (const { path, bytes } of kept) {
    total += bytes
    if (total > allowance.totalBytes) leave(path, "too_much", bytes)
    else changed.push(path)
  }
  leftOut.sort((one, other) => (one.path < other.path ? -1 : 1))
  return { changed, fresh: changed.filter((path) => !known.has(path)).length, dropped, leftOut }
}

/** The size of what can be kept, 0 for what is gone; else why not. */
async function lookAt(file: Buffer, known: boolean): Promise<number | LeftOut["why"]> {
  const stat = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error)) return null
    throw error
  })
  if (stat === null) return 0
  // A new one is somebody's repository; one that the index knows is a submodule, or took the place of a file.
  if (stat.isDirectory()) return known ? 0 : "nested_repository"
  if (stat.isSymbolicLink()) return 0
  if (!stat.isFile()) return "not_a_file"
  const readable = await access(file, constants.R_OK).then(
    () => true,
    () => false,
  )
  return readable ? stat.size : "unreadable"
}

/** The repository's own list of what it ignores, which is not in the tree; and our home, wherever that is. */
function exclusionsOf({ root, repository, home }: Place): readonly string[] {
  const own = repository === null ? null : join(repository, "info/exclude")
  // A pipe in its place would be waited for.
  const readable = own !== null && lstatSync(own, { throwIfNoEntry: false })?.isFile() === true
  const ours = [home, `${home}-worktrees`].filter((path) => path.startsWith(`${root}${sep}`))
  return [
    ...(readable ? [`--exclude-from=${own}`] : []),
    ...ours.map((path) => `--exclude=/${relative(root, path).replace(/[\\*?[\]! #]/g, "\\$&")}/`),
  ]
}

function insideOf({ root, home }: Place): (path: string) => boolean {
  const ours = typed(relative(root, home))
  return (path) => path !== ours && !path.startsWith(`${ours}/`)
}

/** Files that the repository has although it ignores them: somebody insisted. */
async function forcedIn({ root: directory, repository }: Place): Promise<readonly string[]> {
  if (repository === null) return []
  const options = ["-z", "--cached", "--ignored", "--exclude-standard"]
  return await gitBytes({ directory, subcommand: "ls-files", options }, SLOWLY).then(
    pathsIn,
    (error: unknown) => {
      // An index that cannot be read is the user's to mend; all that is in the tree is kept all the same.
      if (saidNo(error)) return []
      throw error
    },
  )
}

/** What the repository has and the disk has not because only a part of it is wanted there, as `mode object` by path. */
export async function sparseIn({ root: directory }: Place): Promise<ReadonlyMap<string, string>> {
  const asked = await git({
    directory,
    subcommand: "config",
    options: ["--type=bool", "--default=false", "core.sparseCheckout"],
  }).catch((error: unknown) => {
    if (saidNo(error)) return "false"
    throw error
  })
  if (asked.trim() !== "true") return new Map()
  const listed = await gitBytes(
    { directory, subcommand: "ls-files", options: ["-z", "-t", "--stage"] },
    SLOWLY,
  )
  return new Map(
    pathsIn(listed).flatMap((line) => {
      const [, mode, object, path] = /^S (\d+) ([0-9a-f]+) 0\t(.*)$/s.exec(line) ?? []
      return path === undefined ? [] : [[path, `${mode} ${object}`] as const]
    }),
  )
}
