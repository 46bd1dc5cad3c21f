/** Binds a tree to a session: a commit under a hidden ref, which no branch, tag or index knows of. */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { SessionId } from "#streams/ids"
import { git, saidNo } from "./git.ts"
import type { Place } from "./place.ts"

const refsOf = (sessionId: SessionId): string => `refs/agentz/${sessionId}`

/** What names checkpoint `n`, here and at a remote; `*`: all of them. */
export const checkpointRef = (sessionId: SessionId, n: number | "*"): string => `${refsOf(sessionId)}/${n}`

export interface CheckpointCommit {
  readonly n: number
  readonly tree: string
  /** The commit of the checkpoint before. */
  readonly before: string | null
  /** What was checked out. */
  readonly head: string | null
  readonly text: string
}

/** The commit, once its ref names it. A ref of that number that no event speaks of is of a writer that was killed. */
export async function bind(place: Place, { n, tree, before, head, text }: CheckpointCommit): Promise<string> {
  const parents = [before, head].filter((one) => one !== null).flatMap((one) => ["-p", one])
  const commit = (options: readonly string[]) =>
    git(inOurs(place, "commit-tree", [...options, tree]), { input: `${text}\n` })
  // A checkpoint before may be gone with a ref that somebody deleted: the tree is kept all the same.
  const made = await commit(parents).catch((error: unknown) => {
    if (!saidNo(error) || parents.length === 0) throw error
    return commit([])
  })
  const name = made.trim()
  const ref = checkpointRef(place.sessionId, n)
  await update(place, ref, name, "0".repeat(name.length)).catch(async (error: unknown) => {
    if (!saidNo(error)) throw error
    await sweepLocks(place)
    await update(place, ref, name, (await named(place, ref)) ?? "0".repeat(name.length))
  })
  return name
}

/** Gives a session the checkpoints of another one, whose objects are there. */
export async function takeRefs(
  place: Place,
  marks: readonly { readonly n: number; readonly commit: string }[],
): Promise<void> {
  const lines = marks.map(({ n, commit }) => `update ${checkpointRef(place.sessionId, n)} ${commit}\n`)
  await git(inTheirs(place, "update-ref", ["--no-deref", "--stdin"]), { input: lines.join("") })
}

/** Lets go of all checkpoints of a session: what they held is git's to throw away. */
export async function dropRefs(place: Place): Promise<void> {
  const format = "--format=delete %(refname)"
  const lines = await git(inTheirs(place, "for-each-ref", [format, `${refsOf(place.sessionId)}/`]))
  if (lines !== "") await git(inTheirs(place, "update-ref", ["--no-deref", "--stdin"]), { input: lines })
}

const update = (place: Place, ref: string, commit: string, expected: string) =>
  git(inTheirs(place, "update-ref", ["--no-deref", ref, commit, expected]))

/** What the ref names; `null` when there is none. */
async function named(place: Place, ref: string): Promise<string | null> {
  try {
    return (await git(inTheirs(place, "rev-parse", ["--verify", "--quiet", ref]))).trim()
  } catch (error) {
    if (saidNo(error)) return null
    throw error
  }
}

/** Only the daemon of the current epoch writes here, so a lock is one of a git that was killed. */
async function sweepLocks({ repository, gitDir, sessionId }: Place): Promise<void> {
  const dir = join(repository ?? gitDir, refsOf(sessionId))
  for (const name of await readdir(dir).catch(() => []))
    if (name.endsWith(".lock")) await rm(join(dir, name), { force: true })
}

/** A call that reads nothing of the user's repository but objects. */
const inOurs = ({ root, gitDir, repository }: Place, subcommand: "commit-tree", options: readonly string[]) =>
  ({
    directory: root,
    own: { gitDir, ...(repository !== null && { objects: join(repository, "objects") }) },
    subcommand,
    options,
  }) as const

/** A call in the repository that has the refs. */
const inTheirs = (
  { root: directory, gitDir, repository }: Place,
  subcommand: "update-ref" | "rev-parse" | "for-each-ref",
  options: readonly string[],
) => ({ directory, ...(repository === null && { own: { gitDir } }), subcommand, options }) as const
