/**
 * Brings commits to a remote and back. git runs in a directory of ours, so of the repository it reads nothing but objects:
 * neither its hooks nor what its configuration says of addresses, helpers and programs. Who signs in says the user's own
 * configuration, and nobody is asked.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Failed } from "../failed.ts"
import { type Address, type AddressRead, addressOf, isRemoteName } from "./address.ts"
import { type Bounds, git, saidNo } from "./git.ts"
import { objectsOf, type Place } from "./place.ts"
import { type RefTold, refsTold } from "./push-report.ts"

/** What is asked of a remote may take its time, but not for ever. */
const FAR: Bounds = { timeoutMs: 300_000, maxBytes: 16 << 20 }

export type Reaching = Pick<Bounds, "signal" | "env" | "timeoutMs">

/** The address that the repository has for a remote of this name; `null`: it has none. */
export async function remoteIn(root: string, name: string): Promise<AddressRead | null> {
  if (!isRemoteName(name)) return { why: "its name is no name of a remote" }
  const url =
    (await configured(root, `remote.${name}.pushurl`)) ?? (await configured(root, `remote.${name}.url`))
  return url === null ? null : addressOf(url, root)
}

async function configured(directory: string, key: string): Promise<string | null> {
  try {
    const said = await git({ directory, subcommand: "config", options: ["--null", "--get", key] })
    return said.replace(/\0$/, "") || null
  } catch (error) {
    if (saidNo(error)) return null
    throw error
  }
}

/** Nothing was asked of any remote, for a reason that is a person's to settle. */
export class RemoteRefused extends Failed {
  override readonly name = "RemoteRefused"
}

/** The same where there has to be one that git may be told of. Throws {@link RemoteRefused}. */
export async function remoteNamed(root: string, name: string): Promise<Address> {
  const read = await remoteIn(root, name)
  if (read === null)
    throw new RemoteRefused({
      code: "no_remote",
      message: `The repository has no remote “${name}”: \`git remote add ${name} ADDRESS\` makes one.`,
    })
  if ("why" in read)
    throw new RemoteRefused({
      code: "remote_refused",
      message: `The address of the remote “${name}” is not used, since ${read.why}: give it a path, or an address of https, ssh or git.`,
    })
  return read
}

export interface Pushed {
  readonly ref: string
  readonly commit: string
  /** What the remote has there, as far as is known: only then is it written over. */
  readonly over?: string | undefined
}

/** So many at once: they are words of a command line. */
const REFS_AT_ONCE = 200

/** Throws {@link GitError}, also where the remote took only some of them: `said` of it tells which, by {@link refsTold}. */
export async function push(
  place: Pick<Place, "root" | "gitDir" | "repository">,
  address: Address,
  refs: readonly Pushed[],
  reaching: Reaching = {},
): Promise<readonly RefTold[]> {
  const told: RefTold[] = []
  for (let at = 0; at < refs.length; at += REFS_AT_ONCE) {
    const some = refs.slice(at, at + REFS_AT_ONCE)
    const options = [
      "--porcelain",
      "--no-verify",
      "--no-signed",
      ...(address.protocol === "file" ? [`--receive-pack=${RECEIVE}`] : []),
      ...some.flatMap(({ ref, over }) => (over === undefined ? [] : [`--force-with-lease=${ref}:${over}`])),
      "--",
      address.url,
      ...some.map(({ ref, commit }) => `${commit}:${ref}`),
    ]
    const said = await git(
      { directory: place.root, own: ownOf(place), subcommand: "push", options, network: address.protocol },
      { ...FAR, ...reaching },
    )
    told.push(...refsTold(said))
  }
  return told
}

/** Brings the objects of these refs; no ref is made. Throws {@link GitError} where the remote lacks one of them. */
export async function fetchInto(
  place: Pick<Place, "root" | "gitDir" | "repository">,
  address: Address,
  refs: readonly string[],
  { known = [], ...reaching }: Reaching & { readonly known?: readonly string[] } = {},
): Promise<void> {
  for (let at = 0; at < refs.length; at += REFS_AT_ONCE) {
    const options = [
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-auto-maintenance",
      ...known.map((commit) => `--negotiation-tip=${commit}`),
      ...(address.protocol === "file" ? [`--upload-pack=${UPLOAD}`] : []),
      "--",
      address.url,
      ...refs.slice(at, at + REFS_AT_ONCE),
    ]
    await git(
      { directory: place.root, own: ownOf(place), subcommand: "fetch", options, network: address.protocol },
      { ...FAR, ...reaching },
    )
  }
}

/** A repository of its own at `path`, where nothing is, with nothing checked out. The remote is called `name`. */
export async function cloneTo(
  path: string,
  address: Address,
  { name, ...reaching }: Reaching & { readonly name: string },
): Promise<void> {
  const options = [
    "--quiet",
    "--no-checkout",
    "--no-local",
    "--template=",
    `--origin=${name}`,
    ...(address.protocol === "file" ? [`--upload-pack=${UPLOAD}`] : []),
    "--",
    address.url,
    path,
  ]
  await git(
    { directory: "/", subcommand: "clone", options, network: address.protocol },
    { ...FAR, ...reaching },
  )
}

/**
 * The other side of a remote on this machine is started by our own git, which does not hand on what it was told: it is
 * told again. A repository that lies in the tree could have hooks there, and a clone that is checked out could be written to.
 */
const TAME = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.alternateRefsCommand=false",
  "receive.autogc=false",
  "receive.denyCurrentBranch=refuse",
  "receive.procReceiveRefs=",
  "gc.auto=0",
  "maintenance.auto=false",
]
  .map((setting) => `-c ${setting}`)
  .join(" ")
const RECEIVE = `git ${TAME} receive-pack`
const UPLOAD = `git ${TAME} upload-pack`

const ownOf = ({ gitDir, repository }: Pick<Place, "gitDir" | "repository">) => {
  const shallow = repository === null ? null : join(repository, "shallow")
  return {
    gitDir,
    objects: objectsOf({ gitDir, repository }),
    ...(shallow !== null && existsSync(shallow) && { shallow }),
  }
}
