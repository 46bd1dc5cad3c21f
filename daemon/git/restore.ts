/**
 * Puts files back to a tree. Each file is written beside its place and moved there, so whoever is killed in between
 * leaves every file whole, as it was or as it is to be; to do it again finishes it. The repository's index, branches
 * and stash are not touched: it sees changed files, as after any edit.
 */
import type { Stats } from "node:fs"
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises"
import { join } from "node:path"
import type { LeftOut } from "#streams/event"
import { isMissing } from "../missing.ts"
import { blobsOf, sizesOf } from "./blobs.ts"
import type { Looking } from "./differences.ts"
import { gitBytes } from "./git.ts"
import { fileAt, pathsIn, shown } from "./paths.ts"
import type { Place } from "./place.ts"
import { SLOWLY, scan } from "./scan.ts"
import type { Snapshot } from "./snapshot.ts"

/** One file that is to be otherwise. */
interface Step {
  readonly path: string
  /** As git writes it; `null`: it is not to be there. */
  readonly mode: string | null
  readonly object: string
}
type Put = Step & { readonly mode: string; readonly bytes: number }

export interface RestorePlan {
  /** Files that are not to be there. They go first: a folder may have to be where one is. */
  readonly gone: readonly string[]
  readonly puts: readonly Put[]
  /** Work that is in no checkpoint and would be lost; where there is any, nothing is restored. */
  readonly inTheWay: readonly string[]
  /** Repositories inside the tree, which stay as they are. */
  readonly untouched: readonly string[]
}

const REPOSITORY = "160000"

/** What it takes to get from the files as they are, and were just kept, to `target`. Throws {@link ObjectGone}. */
export async function planRestore(
  place: Place,
  { tree, own, leftOut }: Pick<Snapshot, "tree" | "own" | "leftOut">,
  target: string,
): Promise<RestorePlan> {
  const looking = { root: place.root, own }
  await sizesOf(looking, [target])
  const steps = await stepsBetween(looking, tree, target)
  const apart = steps.filter(({ mode }) => mode === REPOSITORY)
  const ours = steps.filter(({ mode }) => mode !== REPOSITORY)
  const wanted = ours.flatMap(({ path, mode, object }) => (mode === null ? [] : [{ path, mode, object }]))
  const sizes = await sizesOf(
    looking,
    wanted.map(({ object }) => object),
  )
  const kept = await namesIn(looking, tree)
  const covered: string[] = []
  for (const { path } of wanted) if (await holdsOther(place, path, kept)) covered.push(shown(path))
  return {
    gone: ours.flatMap(({ path, mode }) => (mode === null ? [path] : [])),
    puts: wanted.map((step, index) => ({ ...step, bytes: sizes[index] ?? 0 })),
    inTheWay: [...new Set([...covered, ...withoutCopy(ours, leftOut)])],
    untouched: apart.map(({ path }) => shown(path)),
  }
}

async function stepsBetween(
  { root: directory, own }: Looking,
  from: string,
  to: string,
): Promise<readonly Step[]> {
  const options = ["-r", "-z", "--no-renames", "--no-abbrev", from, to]
  const parts = pathsIn(await gitBytes({ directory, own, subcommand: "diff-tree", options }, SLOWLY))
  const steps: Step[] = []
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [before = "", after = "", , object = "", letter = ""] = (parts[at] ?? "").slice(1).split(" ")
    const path = parts[at + 1] ?? ""
    if (letter !== "D") steps.push({ path, mode: after, object })
    else steps.push({ path, mode: before === REPOSITORY ? REPOSITORY : null, object })
  }
  return steps
}

async function namesIn({ root: directory, own }: Looking, tree: string): Promise<ReadonlySet<string>> {
  const options = ["-r", "-z", "--name-only", tree]
  return new Set(pathsIn(await gitBytes({ directory, own, subcommand: "ls-tree", options }, SLOWLY)))
}

/** Whether something is where the file is to be, or where a folder above it is, that was not kept: an ignored file mostly. */
async function holdsOther({ root }: Place, path: string, kept: ReadonlySet<string>): Promise<boolean> {
  const parts = path.split("/")
  for (let depth = 1; depth <= parts.length; depth++) {
    const part = parts.slice(0, depth).join("/")
    if (kept.has(part)) return false
    const found = await lstat(fileAt(root, part)).catch(() => null)
    if (found === null) return false
    if (!found.isDirectory()) return true
    if (depth === parts.length) return await holdsWork(root, path, kept)
  }
  return false
}

/** A folder in the place of a file goes when nothing is left in it. */
async function holdsWork(root: string, path: string, kept: ReadonlySet<string>): Promise<boolean> {
  for (const entry of await readdir(fileAt(root, path), { withFileTypes: true, encoding: "buffer" })) {
    const below = `${path}/${entry.name.toString("latin1")}`
    if (entry.isDirectory() ? await holdsWork(root, below, kept) : !kept.has(below)) return true
  }
  return false
}

/** What a checkpoint could not keep must not be written over either, nor anything be put into another repository. */
function withoutCopy(steps: readonly Step[], leftOut: readonly LeftOut[]): string[] {
  const touched = steps.map(({ path }) => shown(path))
  return leftOut.flatMap(({ path }) =>
    touched.some((one) => one === path || one.startsWith(`${path}/`)) ? [path] : [],
  )
}

/**
 * Carries the plan out: first all that is to be there is written aside, so that what can go wrong goes wrong before
 * anything is touched. Throws {@link FilesChanged} where somebody else works on the files.
 */
export async function restore(
  place: Place,
  { own, work }: Snapshot,
  { gone, puts }: RestorePlan,
): Promise<void> {
  const drafts = join(work, "drafts")
  await mkdir(drafts)
  const contents = blobsOf({ root: place.root, own }, puts)
  for (const [index, { mode }] of puts.entries()) {
    const { value } = await contents.next()
    if (value) await write(join(drafts, String(index)), mode, value)
  }
  const { changed, dropped } = await scan(place, own)
  const moving = new Set([...changed, ...dropped])
  if ([...gone, ...puts.map(({ path }) => path)].some((path) => moving.has(path))) throw new FilesChanged()
  for (const path of gone) await remove(place.root, path)
  for (const [index, step] of puts.entries()) await put(place.root, step, join(drafts, String(index)))
}

const LINK = "120000"

const write = (to: string, mode: string, content: Buffer): Promise<void> =>
  mode === LINK ? symlink(content, to) : writeFile(to, content)

/** Somebody else works on the files at this moment. */
export class FilesChanged extends Error {
  override readonly name = "FilesChanged"
  constructor() {
    super("Files were changed while they were to be put back: nothing was done. Try again when they rest.")
  }
}

/** With the folders that are empty then. */
async function remove(root: string, path: string): Promise<void> {
  await unlink(fileAt(root, path)).catch(ifGone)
  for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) {
    const emptied = await rmdir(fileAt(root, folder)).then(
      () => true,
      () => false,
    )
    if (!emptied) return
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

function ifGone(error: NodeJS.ErrnoException): void {
  if (!isMissing(error)) throw error
}

async function put(root: string, { path, mode }: Put, draft: string): Promise<void> {
  const file = fileAt(root, path)
  const folder = parentOf(path)
  await makeFolders(root, folder)
  // A folder that became a link meanwhile leads out of the tree.
  const real = await realpath(fileAt(root, folder), { encoding: "buffer" })
  if (!real.equals(fileAt(root, folder))) throw new FilesChanged()
  const before = await lstat(file).catch(() => null)
  if (before?.isDirectory()) await removeEmpty(file)
  if (mode !== LINK) await chmod(draft, await permissionsFor(fileAt(root, folder), mode === "100755", before))
  try {
    await rename(draft, file)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error
    // Our home is on another disk: what is on its way lies beside its place.
    const beside = fileAt(root, `${folder}${folder && "/"}.agentz-${process.pid}`)
    if (mode === LINK) await symlink(await readlink(draft, { encoding: "buffer" }), beside)
    else await copyFile(draft, beside)
    await rename(beside, file)
  }
}

/** A file that was there keeps its permissions; a new one is as open as its folder. */
async function permissionsFor(folder: Buffer, executable: boolean, before: Stats | null): Promise<number> {
  const mode = before?.isFile() ? before.mode : (await stat(folder)).mode
  return executable ? (mode & 0o666) | ((mode & 0o444) >> 2) : mode & 0o666
}

/** Each that is made is as open as the one it is in. */
async function makeFolders(root: string, folder: string): Promise<void> {
  if (folder === "") return
  await makeFolders(root, parentOf(folder))
  const path = fileAt(root, folder)
  const made = await mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error
      return false
    },
  )
  if (made) await chmod(path, (await stat(fileAt(root, parentOf(folder)))).mode & 0o777)
}

/** Folders in folders that hold no file. */
async function removeEmpty(folder: Buffer): Promise<void> {
  for (const name of await readdir(folder, { encoding: "buffer" }))
    await removeEmpty(Buffer.concat([folder, Buffer.from("/"), name]))
  await rmdir(folder)
}
