/**
 * The tree of a directory as it is now, as a git tree object. The index behind it is only a memory of what was read
 * already: whoever makes a snapshot works on a copy of it, and puts that in place when the tree is bound to something.
 */
import { existsSync } from "node:fs"
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { LeftOut } from "#streams/event"
import { git, gitBytes, saidNo } from "./git.ts"
import type { Own } from "./invocation.ts"
import { listOf, pathsIn } from "./paths.ts"
import { headOf, objectsOf, type Place } from "./place.ts"
import { type Allowance, SLOWLY, scan, sparseIn } from "./scan.ts"

export interface Snapshot extends AsyncDisposable {
  readonly tree: string
  readonly leftOut: readonly LeftOut[]
  /** To ask about it while it is held. */
  readonly own: Own
  /** A folder that is gone when it is disposed. */
  readonly work: string
  /** The next snapshot need not read again what this one has read. Only once the tree is bound to a ref. */
  remember(): Promise<void>
}

export interface SnapshotOptions {
  /** It is only looked at: nothing is written but what goes with it. */
  readonly passing?: boolean
  readonly allowance?: Allowance
}

/** So many new files are written as one pack rather than as a file each. */
const MANY = 500

/** Throws {@link GitError} and `TooManyFiles`. */
export async function snapshot(place: Place, options: SnapshotOptions = {}): Promise<Snapshot> {
  const work = await workDir(place)
  try {
    const held = await made(place, work, options).catch(async (error: unknown) => {
      // Objects that the index speaks of may be gone with refs that somebody deleted.
      if (!saidNo(error)) throw error
      await rm(join(work, "index"), { force: true })
      await rm(join(place.gitDir, "index"), { force: true })
      return await made(place, work, options)
    })
    return { ...held, [Symbol.asyncDispose]: () => rm(work, { recursive: true, force: true }) }
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    throw error
  }
}

const STALE_MS = 10 * 60_000

/** A folder for one operation. Those of operations that were killed are taken away. */
async function workDir({ gitDir }: Place): Promise<string> {
  for (const name of await readdir(gitDir)) {
    const [, pid] = /^work-(\d+)-/.exec(name) ?? []
    if (pid === undefined) continue
    const made = await stat(join(gitDir, name)).catch(() => null)
    if (made !== null && (!isThere(Number(pid)) || Date.now() - made.mtimeMs > STALE_MS))
      await rm(join(gitDir, name), { recursive: true, force: true })
  }
  return await mkdtemp(join(gitDir, `work-${process.pid}-`))
}

/** Whether some process has this number. One that took it over only keeps a folder from going at once. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function made(place: Place, work: string, { passing = false, allowance }: SnapshotOptions) {
  const { root: directory, gitDir } = place
  const index = join(work, "index")
  const own = { gitDir, index, ...(await storesFor(place, passing ? work : null)) }
  const inOwn = (subcommand: "read-tree" | "update-index" | "write-tree", ...options: readonly string[]) =>
    ({ directory, own, subcommand, options }) as const

  if (!(await copied(join(gitDir, "index"), index))) {
    const head = await headOf(place)
    if (head !== null) await git(inOwn("read-tree", head), SLOWLY)
  }
  await keepSparse(place, own)
  const { changed, fresh, dropped, leftOut } = await scan(place, own, allowance)
  // A file that is to be a folder, or the other way round, goes first.
  if (dropped.length > 0)
    await git(inOwn("update-index", "-z", "--force-remove", "--stdin"), { ...SLOWLY, input: listOf(dropped) })
  if (changed.length > 0) {
    const options = ["-z", "--add", "--remove", "--replace", "--stdin"]
    const input = listOf([...changed].sort())
    const call = inOwn("update-index", ...options)
    await git(fresh > MANY ? { ...call, settings: AS_ONE_PACK } : call, { ...WRITING, input })
  }
  const tree = (await git(inOwn("write-tree"), SLOWLY)).trim()
  const remember = async () => {
    const copy = join(work, "remembered")
    await copied(index, copy)
    await rename(copy, join(gitDir, "index"))
  }
  return { tree, leftOut, own, work, remember }
}

/** To write a hundred thousand new files takes minutes where others work as well. What is read here is regular files alone. */
const WRITING = { ...SLOWLY, timeoutMs: 300_000 }

const AS_ONE_PACK = [["core.bigFileThreshold", "1"]] as const

/** Objects that nobody will ask for again are written beside the index of the operation. */
async function storesFor(place: Place, scratch: string | null): Promise<Pick<Own, "objects" | "alternates">> {
  if (scratch === null) return { objects: objectsOf(place) }
  const objects = join(scratch, "objects")
  await mkdir(objects, { mode: 0o700 })
  return { objects, alternates: objectsOf(place) }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(from)
    await copyFile(from, to)
    // git takes a file for unchanged only if the index is younger than it: the copy must not look younger.
    const then = Math.floor(mtimeMs / 1000)
    await utimes(to, then, then)
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false
    throw error
  }
}

/** Where only a part of a repository is checked out, the rest stays in the tree as the repository has it. */
async function keepSparse(place: Place, own: Own): Promise<void> {
  if (place.repository === null) return
  const { root: directory, gitDir } = place
  const wanted = await sparseIn(place)
  const marker = join(gitDir, "sparse")
  if (wanted.size === 0 && !existsSync(marker)) return
  await writeFile(marker, "", { mode: 0o600 })
  const listed = await gitBytes({ directory, own, subcommand: "ls-files", options: ["-z", "-t"] }, SLOWLY)
  const before = pathsIn(listed).flatMap((line) => (line.startsWith("S ") ? [line.slice(2)] : []))
  const mark = (flag: string, paths: readonly string[]) =>
    paths.length === 0
      ? undefined
      : git(
          { directory, own, subcommand: "update-index", options: ["-z", flag, "--stdin"] },
          { ...SLOWLY, input: listOf(paths) },
        )
  await mark(
    "--no-skip-worktree",
    before.filter((path) => !wanted.has(path)),
  )
  if (wanted.size === 0) return
  const lines = [...wanted].map(([path, entry]) => `${entry} 0\t${path}`)
  const options = ["-z", "--index-info"]
  await git({ directory, own, subcommand: "update-index", options }, { ...SLOWLY, input: listOf(lines) })
  await mark("--skip-worktree", [...wanted.keys()])
}
