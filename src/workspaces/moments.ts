/** Where the trees of a session's moments are found on this machine. */
import { existsSync } from "node:fs"
import type { Looking } from "#daemon/git/differences"
import { GitError } from "#daemon/git/git"
import { headOf, knownPlace, objectsOf, type Place } from "#daemon/git/place"
import { TooManyFiles } from "#daemon/git/scan"
import { type Snapshot, snapshot } from "#daemon/git/snapshot"
import type { Moment } from "#streams/file-change"
import type { Session } from "#streams/session"
import { Problem } from "../problem.ts"
import type { ChangesRequest } from "./keeping.ts"

/** Between which moments it is asked. */
export function momentsOf(
  { checkpoints }: Session,
  { from, to, turn }: ChangesRequest,
  here: boolean,
): { readonly from: Moment; readonly to: Moment } {
  const last = checkpoints.at(-1)?.n ?? 1
  if (turn === undefined) return { from: from ?? "base", to: to ?? (here ? "now" : last) }
  return turnOf({ checkpoints }, turn)
}

/** A turn's work is what differs between the last checkpoint in it and the last one before it did anything. */
function turnOf({ checkpoints }: Pick<Session, "checkpoints">, turn: number) {
  const marks = checkpoints.filter(({ turn: of }) => of === turn)
  const to = marks.findLast(({ when }) => when !== "before_turn")
  const first = marks.find(({ when }) => when !== "before_turn")
  const before = checkpoints.findLast(({ n }) => n < (first?.n ?? 0))
  const last = checkpoints.findLast((mark) => mark.turn <= turn)?.n ?? 1
  return to && before ? { from: before.n, to: to.n } : { from: last, to: last }
}

/** The tree of each moment, and where to look at them; what was made for it goes when it is disposed. */
export interface Moments extends AsyncDisposable, Looking {
  treeOf(moment: Moment): string
  readonly now: Snapshot | null
  readonly place: Place
}

/** Throws {@link Problem} where a moment is not known, or not on this machine. */
export async function openMoments(
  home: string,
  session: Session,
  wanted: readonly Moment[],
): Promise<Moments> {
  const { sessionId, checkpoints } = session
  const place = await knownPlace(home, sessionId)
  const [first] = checkpoints
  if (place === null || first === undefined)
    throw new Problem(
      "no_checkpoints",
      `Session ${sessionId} has no checkpoints on this machine: they are taken around its turns.`,
    )
  const head = wanted.includes("head") ? await headOf(place) : null
  const now = wanted.includes("now") ? await snapshot(place, { passing: true }) : null
  const own = now?.own ?? { gitDir: place.gitDir, objects: objectsOf(place) }
  return {
    // A work tree that was given back is not there, and what it held is.
    root: existsSync(place.root) ? place.root : place.gitDir,
    own,
    now,
    place,
    treeOf(moment) {
      if (moment === "now") return now?.tree ?? first.tree
      if (moment === "base") return first.head ?? first.tree
      if (moment === "head") return head ?? first.tree
      const mark = checkpoints.find(({ n }) => n === moment)
      if (mark) return mark.tree
      throw new Problem(
        "unknown_checkpoint",
        `Session ${sessionId} has no checkpoint ${moment}: \`agentz checkpoints ${sessionId}\` lists them.`,
      )
    },
    async [Symbol.asyncDispose]() {
      await now?.[Symbol.asyncDispose]()
    },
  }
}

/** What git cannot do is a problem with a reason, not a fault of ours. */
export async function withGit<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TooManyFiles) throw new Problem("checkpoint_failed", error.message, { cause: error })
    if (!(error instanceof GitError)) throw error
    const remedy =
      error.ending.how === "exited"
        ? "The checkpoint may be gone from the repository: compare with another one."
        : "Try again when the machine has less to do."
    throw new Problem("checkpoint_failed", `${error.message}. ${remedy}`, { cause: error })
  }
}
