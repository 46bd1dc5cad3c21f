/** Which sessions have nowhere to work any more: their work tree is gone from this disk, or the user's own directory is. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { kindOf } from "#daemon/git/place"
import { knowsWorktree } from "#daemon/git/worktree"
import type { Checkout, SessionRow, Worktree } from "#streams/registry"
import { isUnfinished } from "./whole-tree.ts"

type Row = Pick<SessionRow, "sessionId" | "workingDir" | "worktree" | "checkout">

/** A session with a work tree of its own. */
export interface InWorktree extends Pick<SessionRow, "sessionId" | "workingDir"> {
  readonly worktree: Worktree
}

/** A session in the user's own work tree, whose checkpoints are elsewhere as well. */
export interface InCheckout extends Pick<SessionRow, "sessionId" | "workingDir"> {
  readonly worktree?: undefined
  readonly checkout: Checkout
}

export type Gone = InWorktree | InCheckout

/** Whether it is to be made again. Of a directory that is kept nowhere else nobody can. */
export function isMissing<Entry extends Row>(home: string, entry: Entry): entry is Entry & Gone {
  if (entry.worktree !== undefined) return isGone(home, entry)
  return entry.checkout !== undefined && (!existsSync(entry.workingDir) || isNothing(entry.checkout.root))
}

/** A folder without its `.git` is no work tree either, nor is one that was never finished. */
export const isGone = (
  home: string,
  { sessionId, worktree }: Pick<SessionRow, "sessionId" | "worktree">,
): boolean =>
  worktree !== undefined && (!existsSync(join(worktree.path, ".git")) || isUnfinished(home, sessionId))

/** A folder that came back empty is as good as gone. */
export const isNothing = (path: string): boolean => !existsSync(path) || readdirSync(path).length === 0

/** The repository that it is made again of. */
export const rootOf = (entry: Gone): string => (entry.worktree ?? entry.checkout).root

/** It is not there on purpose, and its repository is: it is made again when its session goes on. */
export const isGivenBack = ({ worktree }: Pick<SessionRow, "worktree">): boolean =>
  worktree?.givenBackAt !== undefined && existsSync(worktree.root)

/** Somebody took it away and left the repository: it is not missed. */
export async function wasTakenAway(entry: Gone): Promise<boolean> {
  const root = rootOf(entry)
  if (isNothing(root) || (await kindOf(root)).repository === null) return false
  return entry.worktree === undefined || !(await knowsWorktree(root, entry.worktree.path))
}
