/** Where a fork works: in a work tree or a directory of its own, with the files as they were at its moment. */
import { existsSync } from "node:fs"
import { cp, mkdir } from "node:fs/promises"
import { join, relative } from "node:path"
import { takeRefs } from "#daemon/git/checkpoint"
import { objectsOf, type Place, placeOf } from "#daemon/git/place"
import { planRestore, restore } from "#daemon/git/restore"
import { snapshot } from "#daemon/git/snapshot"
import type { SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { privateDirectory } from "../home.ts"
import { Problem } from "../problem.ts"
import { makeWorkspace, type Workspace, worktreeAt, worktreesDir } from "./workspace.ts"

export interface ForkFiles {
  /** Where the other session worked. */
  readonly workingDir: string
  readonly worktree: Worktree | undefined
  /** Where its work is brought by itself; left out: nowhere. */
  readonly push?: Worktree["push"] | undefined
  /** Where its checkpoints are. */
  readonly place: Place
  readonly fork: Pick<Session, "sessionId" | "checkpoints">
  /** The checkpoint whose files it begins with. */
  readonly mark: Pick<CheckpointMark, "head" | "tree">
  /** Whether the user wants work trees pushed by themselves. */
  readonly pushes?: boolean
}

export async function makeForkFiles(home: string, from: ForkFiles): Promise<Workspace> {
  const { place, fork, worktree, mark } = from
  const { sessionId } = fork
  const workspace =
    place.repository === null || mark.head === null
      ? await makeDirectory(home, sessionId, place.root)
      : await makeWorkspace(home, sessionId, {
          directory: originOf(from),
          request: { kind: "worktree", base: mark.head, setup: ranCommands(worktree) },
          pushes: from.pushes ?? false,
        })
  const into = await placeOf(home, sessionId, workspace.workingDir)
  if ("why" in into) throw new Problem("checkpoint_failed", into.why)
  await takeObjects(place, into)
  await takeRefs(into, fork.checkpoints)
  await using now = await snapshot(into)
  await restore(into, now, await planRestore(into, now, mark.tree))
  return pushedAs(from.push, workspace)
}

/** What was allowed for the other session holds for what goes on from it. */
const pushedAs = (push: Worktree["push"], workspace: Workspace): Workspace =>
  workspace.worktree && push ? { ...workspace, worktree: { ...workspace.worktree, push } } : workspace

/** Of the user's own work tree, since that of the other session may be given back any time. */
function originOf({ workingDir, worktree }: ForkFiles): string {
  if (worktree === undefined) return workingDir
  const same = join(worktree.root, relative(worktree.path, workingDir))
  return existsSync(same) ? same : worktree.root
}

/** Whether the repository's commands were wanted in it. */
const ranCommands = (worktree: Worktree | undefined): boolean =>
  worktree?.setUp !== undefined || worktree?.tearDown !== undefined

async function makeDirectory(home: string, sessionId: SessionId, root: string): Promise<Workspace> {
  const workingDir = worktreeAt(home, root, sessionId)
  await privateDirectory(worktreesDir(home))
  await mkdir(workingDir, { recursive: true, mode: 0o700 })
  return { workingDir }
}

/** Where two sessions do not share a repository, one gets what the other has. */
async function takeObjects(from: Place, into: Place): Promise<void> {
  const [source, target] = [objectsOf(from), objectsOf(into)]
  if (source === target || !existsSync(source)) return
  await cp(source, join(target), { recursive: true, force: false })
}
