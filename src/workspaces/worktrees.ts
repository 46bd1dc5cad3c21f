/** The work trees that were made for sessions: what each takes, how its session stands, and whether its work is elsewhere. */
import { existsSync } from "node:fs"
import { stat } from "node:fs/promises"
import { dirname } from "node:path"
import { GitError } from "#daemon/git/git"
import { heldIn } from "#daemon/git/holding"
import { kindOf, knownPlace } from "#daemon/git/place"
import { snapshot } from "#daemon/git/snapshot"
import { SessionId } from "#streams/ids"
import type { Registry, RegistryEntry } from "#streams/registry"
import { needsDaemon, type Session, type Status } from "#streams/session"
import { slots } from "../daemons/order.ts"
import type { PlaneContext } from "../plane-context.ts"
import { diskUse } from "./disk-use.ts"
import { isElsewhere, type Standing, standingOf } from "./standing.ts"
import { foldersOfWorktrees, worktreesDir } from "./workspace.ts"

export interface WorktreeTold extends Standing {
  /** `null`: no session knows of it any more. */
  readonly sessionId: SessionId | null
  readonly title: string | null
  readonly path: string
  /** Where its repository is; `null` where it is none. */
  readonly root: string | null
  readonly branch: string | null
  /** What it takes on the disk, without what the repository has. */
  readonly bytes: number
  readonly status: Status | null
  readonly archived: boolean
  /** The last sign of its session. */
  readonly updatedAt: string | null
  readonly uncommitted: number
  /** That no other branch and no remote has. */
  readonly commits: number
  /** The checkpoint that has the files as they are. */
  readonly checkpoint: number | null
  /** Nothing would be lost with it, and nobody is at work in it. */
  readonly removable: boolean
}

interface Place {
  readonly path: string
  readonly root: string | null
  readonly entry: RegistryEntry | null
}

/** Each look reads a whole tree: more at once would only make each other slow. */
const AT_ONCE = 2

export function worktreesIn({ home, folds }: Pick<PlaneContext, "home" | "folds">) {
  const free = slots(AT_ONCE)

  async function look({ path, root, entry }: Place): Promise<WorktreeTold> {
    using _slot = await free.take()
    const session = entry && (await folds.session(entry.sessionId)).value
    const held = root === null ? null : await heldIn(path, root).catch(unlessGit)
    const checkpoint = held && held.uncommitted > 0 && session ? await checkpointOf(session) : null
    const sessionId = entry?.sessionId ?? null
    const base = entry?.worktree?.base ?? null
    const standing: Standing =
      root === null ? NO_REPOSITORY : standingOf({ sessionId, base, held, checkpoint })
    const busy = session !== null && needsDaemon(session.status)
    return {
      ...{ sessionId, path, root, checkpoint },
      title: entry?.title ?? null,
      branch: held?.branch ?? null,
      bytes: await diskUse(path),
      status: session?.status ?? null,
      archived: entry?.archivedAt !== undefined,
      updatedAt: entry && (entry.activity?.updatedAt || entry.createdAt),
      uncommitted: held?.uncommitted ?? 0,
      commits: held?.commits ?? 0,
      ...(busy ? { ...standing, why: `its session is ${session.status}` } : standing),
      removable: isElsewhere(standing) && !busy,
    }
  }

  /** The checkpoint that has the files as they are now; `null` where none has all of them. */
  async function checkpointOf({ sessionId, checkpoints }: Session): Promise<number | null> {
    const place = await knownPlace(home.path, sessionId)
    const last = checkpoints.at(-1)
    if (place === null || last === undefined || !existsSync(place.root)) return null
    await using now = await snapshot(place, { passing: true })
    return now.leftOut.length === 0 && now.tree === last.tree ? last.n : null
  }

  return {
    look,

    /** Oldest session first; those that no session knows of at the end. */
    async all(registry: Registry): Promise<readonly WorktreeTold[]> {
      return await Promise.all(
        [...ofSessions(home.path, registry), ...(await strays(home.path, registry))].map(look),
      )
    },
  }
}

const NO_REPOSITORY: Standing = {
  work: "only_here",
  why: "it is a directory of its own, in no repository: `agentz patch` takes along what was done, then delete it yourself",
}

function ofSessions(home: string, registry: Registry): Place[] {
  const below = `${worktreesDir(home)}/`
  return [...registry.values()].flatMap((entry): Place[] => {
    const { worktree, workingDir } = entry
    const path = worktree?.path ?? (workingDir.startsWith(below) ? workingDir : null)
    return path !== null && existsSync(path) ? [{ path, root: worktree?.root ?? null, entry }] : []
  })
}

/** What a session that is forgotten, or was never finished, left. */
async function strays(home: string, registry: Registry): Promise<Place[]> {
  const found: Place[] = []
  for await (const { name, path } of foldersOfWorktrees(home)) {
    const sessionId = SessionId.safeParse(name).data
    if (sessionId === undefined || registry.has(sessionId) || (await isNew(path))) continue
    const kind = await kindOf(path).catch(unlessGit)
    const isTree = kind !== null && kind.repository !== null && kind.root === path
    found.push({ path, root: isTree ? dirname(kind.repository ?? path) : null, entry: null })
  }
  return found
}

/** A session that is being started has its work tree before its row. */
const isNew = async (path: string): Promise<boolean> =>
  Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? 0) < NEW_MS

const NEW_MS = 60 * 60_000

/** What git cannot tell is not known. */
function unlessGit(error: unknown): null {
  if (error instanceof GitError) return null
  throw error
}
