/** Whether the work in a work tree is anywhere else, and what to do where it is not. Pure. */
import type { Held } from "#daemon/git/holding"

/**
 * `none`: nothing was done in it. `merged`, `pushed`: another branch, or a remote, has all of it. `only_here`: something in it is
 * nowhere else. `unknown`: git does not tell.
 */
export const WORK = ["none", "merged", "pushed", "only_here", "unknown"] as const
export type Work = (typeof WORK)[number]

export interface Standing {
  readonly work: Work
  /** In words; where it has to stay, with the remedy. */
  readonly why: string
}

export interface Looked {
  /** What to name in a remedy; `null` where no session knows of it. */
  readonly sessionId: string | null
  /** The commit that it began with. */
  readonly base: string | null
  readonly held: Held | null
  /** The checkpoint that has the files as they are. */
  readonly checkpoint: number | null
}

export function standingOf({ sessionId, base, held, checkpoint }: Looked): Standing {
  if (held === null) return { work: "unknown", why: "git does not tell what is in it: look at it yourself" }
  const { uncommitted, commits, mergedInto, pushedTo, tip, beside } = held
  if (uncommitted > 0) {
    const kept = checkpoint === null ? "" : `, and only checkpoint ${checkpoint} has them`
    const remedy =
      sessionId === null ? "commit them there" : `\`agentz commit ${sessionId}\`, then merge or push`
    return {
      work: "only_here",
      why: `${count(uncommitted, "file is", "files are")} in no commit${kept}: ${remedy}`,
    }
  }
  if (beside !== null) return { work: "only_here", why: beside }
  if (tip === base) return { work: "none", why: "nothing was done in it" }
  if (mergedInto !== null) return { work: "merged", why: `${mergedInto} has all of it` }
  if (pushedTo !== null) return { work: "pushed", why: `${pushedTo} has all of it` }
  const remedy =
    sessionId === null
      ? "merge or push them"
      : `\`agentz merge ${sessionId}\`, or push them; \`agentz archive ${sessionId}\` keeps the branch`
  return {
    work: "only_here",
    why: `${count(commits, "commit is", "commits are")} on no other branch: ${remedy}`,
  }
}

export const isElsewhere = ({ work }: Standing): boolean =>
  work === "none" || work === "merged" || work === "pushed"

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`
