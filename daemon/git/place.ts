/**
 * Where the checkpoints of a directory are kept. In a git repository they are commits under a hidden ref of it, so that
 * they live, are packed and are pushed with it; elsewhere a repository of ours holds them. Either way trees are made
 * with a git directory of ours, whose configuration and index are the only ones that are read: the user's own are
 * neither believed nor touched.
 */
import { existsSync } from "node:fs"
import { mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join, sep } from "node:path"
import { z } from "zod"
import type { SessionId } from "#streams/ids"
import { filesOf } from "../home.ts"
import { git, saidNo } from "./git.ts"

const Kept = z.object({
  /** The top of what is kept: of the work tree, or the directory itself. A real path. */
  root: z.string(),
  /** What all work trees of the repository share, its `.git`; `null` where there is no repository. */
  repository: z.string().nullable(),
  format: z.enum(["sha1", "sha256"]),
})

export interface Place extends z.infer<typeof Kept> {
  readonly sessionId: SessionId
  /** The git directory of ours. */
  readonly gitDir: string
  /** agentz's own home: never a part of what is kept. */
  readonly home: string
}

/** Where objects of checkpoints are. */
export const objectsOf = ({ repository, gitDir }: Pick<Place, "repository" | "gitDir">): string =>
  join(repository ?? gitDir, "objects")

/** The place of a session's checkpoints, or why a directory gets none. It stays the same for the life of a session. */
export async function placeOf(
  home: string,
  sessionId: SessionId,
  directory: string,
): Promise<Place | { readonly why: string }> {
  const gitDir = join(filesOf(home, sessionId).dir, "git")
  const place = { sessionId, gitDir, home }
  const before = await keptIn(gitDir)
  if (before !== null) return { ...place, ...before }
  const kept = await kindOf(await realpath(directory))
  if (kept.repository === null && isTooMuch(kept.root))
    return {
      why: `No files are kept here: ${kept.root} is nobody's project. Start a session in one to be able to go back.`,
    }
  await make(gitDir, kept)
  return { ...place, ...kept }
}

/** The place that was found before; `null` when no checkpoint was ever taken on this machine. */
export async function knownPlace(home: string, sessionId: SessionId): Promise<Place | null> {
  const gitDir = join(filesOf(home, sessionId).dir, "git")
  const kept = await keptIn(gitDir)
  return kept && { sessionId, gitDir, home, ...kept }
}

/** The commit that is checked out; `null` before the first one and where there is no repository. */
export async function headOf({ root: directory, repository }: Place): Promise<string | null> {
  if (repository === null) return null
  const options = ["--verify", "--quiet", "HEAD^{commit}"]
  return await git({ directory, subcommand: "rev-parse", options }).then(
    (said) => said.trim(),
    (error: unknown) => {
      if (saidNo(error)) return null
      throw error
    },
  )
}

const isTooMuch = (root: string): boolean => root === sep || root === homedir() || root === dirname(homedir())

/** A person does not wait for this alone, and a busy machine must not make another answer of it. */
const PATIENTLY = { timeoutMs: 30_000 }

/** What a directory, by its real path, is part of. */
export async function kindOf(directory: string): Promise<z.infer<typeof Kept>> {
  const none = { root: directory, repository: null, format: "sha1" } as const
  const options = ["--path-format=absolute", "--show-object-format", "--git-common-dir", "--show-toplevel"]
  try {
    const said = await git({ directory, subcommand: "rev-parse", options }, PATIENTLY)
    const [format, repository, ...rest] = said.replace(/\n$/, "").split("\n")
    const root = rest.join("\n")
    // The configuration can name any work tree: one that the directory is not part of is none of its business.
    const mine = root !== "" && `${directory}${sep}`.startsWith(`${root}${sep}`)
    return mine ? Kept.parse({ root, repository, format }) : none
  } catch (error) {
    if (saidNo(error)) return none
    throw error
  }
}

async function keptIn(gitDir: string): Promise<z.infer<typeof Kept> | null> {
  try {
    const kept = Kept.parse(JSON.parse(await readFile(join(gitDir, "place.json"), "utf8")))
    return kept.repository === null || existsSync(kept.repository) ? kept : null
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null
    throw error
  }
}

/** Bytes are kept as they are: no line ends are changed, no filter is run, whatever the attributes say. */
const ATTRIBUTES = "* -text -filter -ident -working-tree-encoding\n"

const CONFIG: Record<z.infer<typeof Kept>["format"], string> = {
  sha1: "[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n",
  sha256: "[core]\n\trepositoryFormatVersion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n",
}

/** A git directory of ours that stands for a repository for one operation, and is gone when it is disposed. */
export async function standIn(
  gitDir: string,
  kept: z.infer<typeof Kept>,
): Promise<AsyncDisposable & z.infer<typeof Kept> & { readonly gitDir: string }> {
  await make(gitDir, kept)
  return { ...kept, gitDir, [Symbol.asyncDispose]: () => rm(gitDir, { recursive: true, force: true }) }
}

/** Whole or not at all. */
async function make(gitDir: string, kept: z.infer<typeof Kept>): Promise<void> {
  const draft = `${gitDir}.${process.pid}`
  await rm(draft, { recursive: true, force: true })
  for (const name of ["objects", "refs", "info"])
    await mkdir(join(draft, name), { recursive: true, mode: 0o700 })
  const write = (name: string, text: string) => writeFile(join(draft, name), text, { mode: 0o600 })
  await write("HEAD", "ref: refs/heads/none\n")
  await write("config", CONFIG[kept.format])
  await write("info/attributes", ATTRIBUTES)
  await write("place.json", JSON.stringify(kept))
  // One whose repository is gone.
  await rm(gitDir, { recursive: true, force: true })
  await rename(draft, gitDir)
}
