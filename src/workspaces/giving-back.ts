/** Gives a session's work tree back, and never what is nowhere else: branch and checkpoints stay, so it can be made again. */
import { existsSync } from "node:fs"
import { heldBeside } from "#daemon/git/holding"
import { knownPlace } from "#daemon/git/place"
import { changesIn } from "#daemon/git/repository"
import { snapshot } from "#daemon/git/snapshot"
import { commitOf } from "#daemon/git/worktree"
import { newRequestId, type SessionId } from "#streams/ids"
import type { RegistryEntry, Worktree } from "#streams/registry"
import { needsDaemon, type Session } from "#streams/session"
import type { Reach } from "../control/reach.ts"
import { writeRow } from "../daemons/close.ts"
import type { Daemons } from "../daemons.ts"
import { grantEpoch } from "../grant.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { PERFORM_LIMIT_MS, settledFiles } from "./asking-files.ts"
import { restateWorktree } from "./remake.ts"
import { isElsewhere } from "./standing.ts"
import { finishRemoval, removeWhole } from "./whole-tree.ts"
import { worktreesIn } from "./worktrees.ts"

/** `given`: it is gone. Else `why` it stays, in words; `null`: there is none to give back. */
export type GivenBack =
  | { readonly given: true; readonly bytes: number }
  | { readonly given: false; readonly why: string | null }

export interface GivingBack {
  /** `kept`: also one with changes that only its last checkpoint has; it is made again with them. */
  giveBack(sessionId: SessionId, options: { readonly kept: boolean }): Promise<GivenBack>
  /** Runs what takes the work tree down, where there is something. Gives why it has to stay then. */
  takeDown(entry: RegistryEntry): Promise<string | null>
}

export function givingBack(
  context: PlaneContext,
  reach: Pick<Reach, "entryOf" | "ask" | "wake">,
  daemons: Pick<Daemons, "alone" | "retire">,
): GivingBack {
  const { endpoint, folds, home, log, patience } = context
  const trees = worktreesIn(context)

  /** Has the daemon run the tear-down and keep the files. Gives why not. */
  async function preparedBy({ sessionId, worktree }: RegistryEntry): Promise<string | null> {
    const requestId = newRequestId()
    await reach.ask(sessionId, { type: "give_back_requested", requestId })
    const { commands = [], minutes = 0 } = worktree?.tearDown ?? {}
    const limitMs = PERFORM_LIMIT_MS + commands.length * minutes * 60_000
    try {
      await settledFiles(context, reach, { sessionId, requestId, limitMs })
      return null
    } catch (error) {
      if (error instanceof Problem) return error.message
      throw error
    }
  }

  /** Whether all that is in it can be had again: from its branch, and from the last checkpoint. */
  async function whyStays(
    { path, branch }: Worktree,
    { sessionId, checkpoints }: Session,
  ): Promise<string | null> {
    const last = checkpoints.at(-1)
    const changes = await changesIn(path)
    if (changes === null) return "git does not tell what is in it"
    const beside = await heldBeside(path)
    if (beside !== null) return beside
    if (branch === null && last?.head !== (await commitOf(path, "HEAD")))
      return "no branch is checked out in it, and no checkpoint has what it stands at"
    if (changes === 0) return null
    const place = await knownPlace(home.path, sessionId)
    if (place === null || last === undefined) return `${changes} files are in no commit and in no checkpoint`
    await using now = await snapshot({ ...place, root: path }, { passing: true })
    const [left] = now.leftOut
    if (left !== undefined) return `no checkpoint has ${left.path} (${left.why.replaceAll("_", " ")})`
    return now.tree === last.tree ? null : "its files have changed since its last checkpoint"
  }

  return {
    async giveBack(sessionId, { kept }) {
      const entry = await reach.entryOf(sessionId)
      const { worktree } = entry
      if (worktree !== undefined) await finishRemoval(worktree)
      if (worktree === undefined || !existsSync(worktree.path)) return { given: false, why: null }
      const told = await trees.look({ path: worktree.path, root: worktree.root, entry })
      if (told.status !== null && needsDaemon(told.status)) return { given: false, why: told.why }
      if (told.work === "unknown" || !(kept || isElsewhere(told))) return { given: false, why: told.why }
      if (worktree.tearDown !== undefined || told.uncommitted > 0) {
        const why = await preparedBy(entry)
        if (why !== null) return { given: false, why }
      }
      await daemons.retire(sessionId)
      return await daemons.alone(sessionId, async (inbox) => {
        // Whoever starts a daemon at this moment is granted the epoch in our place.
        const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
        const { value: session } = await folds.session(sessionId)
        if (grant === null || needsDaemon(session.status))
          return { given: false, why: "it was asked for something just now" }
        try {
          const why = await removeWhole(worktree, (path) => whyStays({ ...worktree, path }, session))
          if (why !== null) return { given: false, why }
          await restateWorktree(context, await reach.entryOf(sessionId), {
            ...worktree,
            givenBackAt: new Date().toISOString(),
          })
        } finally {
          await writeRow(context, { session, epoch: grant.epoch })
        }
        log({ event: "work_tree_given_back", sessionId, bytes: told.bytes })
        return { given: true, bytes: told.bytes }
      })
    },

    async takeDown(entry) {
      const { worktree } = entry
      if (worktree?.tearDown === undefined || !existsSync(worktree.path)) return null
      const why = await preparedBy(entry)
      if (why === null) await daemons.retire(entry.sessionId)
      return why
    },
  }
}
