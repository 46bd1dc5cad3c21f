/**
 * What a repository says about sessions in it: `.agentz/config.yaml` at its top. It may name commands, and whoever
 * cloned it has not chosen those: they are run only after the user has allowed exactly them.
 */
import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { parse, YAMLError } from "yaml"
import { z } from "zod"
import { isRemoteName } from "#daemon/git/address"
import { remoteIn } from "#daemon/git/remote"
import { isMissing } from "#daemon/missing"
import type { Worktree } from "#streams/registry"
import { readPrivate, writePrivate } from "../private-file.ts"
import { Problem } from "../problem.ts"
import { addressOfRemote } from "./asking-files.ts"

const Line = z.string().trim().min(1).max(4000)

const RepositoryConfig = z.strictObject({
  /** What work trees begin with: a branch, tag or commit. */
  base: Line.optional(),
  /** Files that git ignores and a work tree needs, from the top of the repository. */
  copy: z.array(Line).max(100).default([]),
  /** Commands that make a new work tree ready, run in it by `sh` one after the other. */
  setup: z.array(Line).max(50).default([]),
  /** Commands that end what those began, run in it before it is taken away. */
  teardown: z.array(Line).max(50).default([]),
  /** How long each of them may take. */
  minutes: z.number().positive().max(240).default(10),
  /** The remote that branches are pushed to. */
  remote: z.string().refine(isRemoteName, "is no name of a remote").default("origin"),
  /** Whether branch and checkpoints of a session are pushed there after each turn. */
  push: z.boolean().default(false),
})
export type RepositoryConfig = z.infer<typeof RepositoryConfig>

export const configFileOf = (root: string): string => join(root, ".agentz", "config.yaml")

const MOST_BYTES = 64 * 1024

/** What the repository says; all defaults where it says nothing. Throws {@link Problem} with the fault. */
export async function repositoryConfig(root: string): Promise<RepositoryConfig> {
  const path = configFileOf(root)
  const faulty = (fault: string) =>
    new Problem("repository_config_invalid", `${path} cannot be used: ${fault}. Mend it, or remove it.`)
  const text = await textOf(path).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error)) return ""
    throw faulty(error.message)
  })
  try {
    return RepositoryConfig.parse(parse(text, { maxAliasCount: 0 }) ?? {})
  } catch (error) {
    // An alias, of which a small file can make a large one, is a `ReferenceError`.
    if (error instanceof YAMLError || error instanceof ReferenceError)
      throw faulty(error.message.split("\n")[0] ?? "it is no YAML")
    if (!(error instanceof z.ZodError)) throw error
    const [issue] = error.issues
    throw faulty(`${issue?.path.join(".") || "it"}: ${issue?.message ?? "is not as it should be"}`)
  }
}

/** Neither a link nor a pipe in its place is followed or waited for. */
async function textOf(path: string): Promise<string> {
  await using file: FileHandle = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  )
  const stat = await file.stat()
  if (!stat.isFile()) throw new Error("it is no file")
  if (stat.size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES / 1024} KB`)
  return await file.readFile("utf8")
}

/** What it takes leave for. */
type Wanted = Pick<RepositoryConfig, "setup" | "teardown"> &
  Partial<Pick<RepositoryConfig, "push" | "remote">>

/** Names exactly these commands, and where is pushed to without being asked. */
export const hashOf = ({ setup, teardown, push, remote }: Wanted): string => {
  const more = { ...(teardown.length > 0 && { teardown }), ...(push === true && { push: remote }) }
  // What was allowed when there was nothing but set-up stays allowed.
  const wanted = Object.keys(more).length === 0 ? setup : { setup, ...more }
  return createHash("sha256").update(JSON.stringify(wanted)).digest("hex")
}

export const wantsLeave = ({
  setup,
  teardown,
  push,
}: Pick<RepositoryConfig, "setup" | "teardown" | "push">): boolean =>
  setup.length + teardown.length > 0 || push

/** By what repositories share among their work trees: the commands that were allowed for each, by their hashes. */
const Allowed = z.record(z.string(), z.array(z.string()))

const fileIn = (home: string): string => join(home, "allowed-commands.json")

async function allowedIn(home: string): Promise<z.infer<typeof Allowed>> {
  const text = await readPrivate(fileIn(home))
  return text === null ? {} : Allowed.parse(JSON.parse(text))
}

/** Whether anything was ever allowed: where nothing was, no repository need be asked what it wants. */
export const allowsAny = async (home: string): Promise<boolean> =>
  Object.keys(await allowedIn(home)).length > 0

export async function isAllowed(home: string, repository: string, hash: string): Promise<boolean> {
  return (await allowedIn(home))[repository]?.includes(hash) === true
}

export async function allow(home: string, repository: string, hash: string): Promise<void> {
  const allowed = await allowedIn(home)
  const hashes = new Set([...(allowed[repository] ?? []), hash])
  await writePrivate(fileIn(home), `${JSON.stringify({ ...allowed, [repository]: [...hashes] }, null, 2)}\n`)
}

export interface Repository {
  readonly root: string
  /** What its work trees share. */
  readonly repository: string
  readonly config: RepositoryConfig
}

/** What is to be run in a new work tree, and before it goes. Throws {@link Problem} where nobody has allowed what the repository wants. */
export async function commandsFor(
  home: string,
  { root, repository, config }: Repository,
): Promise<Pick<Worktree, "setUp" | "tearDown">> {
  const { setup, teardown, minutes } = config
  if (!wantsLeave(config)) return {}
  if (await isAllowed(home, repository, hashOf(config)))
    return {
      ...(setup.length > 0 && { setUp: { commands: setup, minutes } }),
      ...(teardown.length > 0 && { tearDown: { commands: teardown, minutes } }),
    }
  throw new Problem(
    "commands_not_allowed",
    `${configFileOf(root)} names commands to be run in work trees, or a remote to push to: \`agentz trust ${root}\` shows and allows them, \`--no-setup\` does without.`,
  )
}

/** Where the branch and checkpoints of a session are pushed by themselves; `null`: nowhere. The address is fixed from then on. */
export async function pushFor(
  home: string,
  { root, repository, config }: Repository,
  always: boolean,
): Promise<NonNullable<Worktree["push"]> | null> {
  const { push: wanted, remote } = config
  if (wanted && (await isAllowed(home, repository, hashOf(config)))) {
    return { remote, url: (await addressOfRemote(root, remote)).shown }
  }
  if (!always) return null
  // The user wants it of all repositories that have one: which remote it is, a repository does not choose for that.
  const read = await remoteIn(root, "origin")
  return read === null || "why" in read ? null : { remote: "origin", url: read.shown }
}
