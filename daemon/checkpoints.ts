/**
 * Keeps the files of a session as they are around its turns, and puts them back when that is asked. Whatever keeps a
 * checkpoint from being taken is said and keeps nothing else from going on.
 */
import { existsSync } from "node:fs"
import type { Command } from "#streams/command"
import { errorText } from "#streams/error-text"
import type { Checkpoint, Failure, LeftOut, Unstamped } from "#streams/event"
import type { SessionId, TurnId } from "#streams/ids"
import type { Session } from "#streams/session"
import { Failed } from "./failed.ts"
import { ObjectGone } from "./git/blobs.ts"
import { bind } from "./git/checkpoint.ts"
import { changesBetween, totalsOf } from "./git/differences.ts"
import { GitError, saidNo } from "./git/git.ts"
import { headOf, type Place, placeOf } from "./git/place.ts"
import { FilesChanged, planRestore, restore } from "./git/restore.ts"
import { type Allowance, TooManyFiles } from "./git/scan.ts"
import { type Snapshot, snapshot } from "./git/snapshot.ts"
import type { TakeDown } from "./tear-down.ts"

export type FilesRequest = Extract<
  Command,
  { type: "checkpoint_requested" | "restore_requested" | "give_back_requested" }
>
type RestoreRequest = Extract<FilesRequest, { type: "restore_requested" }>

export interface Checkpoints {
  /** Around a turn: makes none where nothing changed, and never throws. */
  aroundTurn(when: "before_turn" | "after_turn", turnId: TurnId): Promise<void>
  /** Around a note of the agent: the number of the checkpoint that has the files as they are; `null` where there is none. */
  noted(turnId: TurnId | undefined, note: string): Promise<number | null>
  /** Does what was asked. Ends with an event that settles the request; never throws. */
  perform(request: FilesRequest): Promise<void>
}

export interface CheckpointsOptions {
  readonly home: string
  readonly sessionId: SessionId
  readonly workingDir: string
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
  /** What is run before the work tree is given back. */
  readonly takeDown?: TakeDown
}

/** A turn does not wait long for a directory that is no project. Whoever asks for a checkpoint gets more. */
const AROUND_TURN: Allowance = { fileBytes: 100 << 20, totalBytes: 256 << 20, files: 50_000 }

type Reason = Pick<Checkpoint, "when" | "turnId" | "requestId" | "note">

/** Whoever asked gets one, even if nothing changed. */
const isWanted = ({ when, requestId }: Reason): boolean => when === "asked" && requestId !== undefined

export function checkpointsOf({
  home,
  sessionId,
  workingDir,
  session,
  publish,
  takeDown,
}: CheckpointsOptions): Checkpoints {
  let place: Promise<Place | { readonly why: string }> | null = null
  let told = ""
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other: all work on the same index. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }

  async function placed(): Promise<Place> {
    place ??= placeOf(home, sessionId, workingDir).catch((error: unknown) => {
      place = null
      throw error
    })
    const found = await place
    if ("why" in found) throw new NoPlace(found.why)
    return found
  }

  /** Gives the number of the checkpoint that has this tree. */
  async function bound(at: Place, now: Snapshot, reason: Reason): Promise<number> {
    const before = session().checkpoints.at(-1)
    if (before?.tree === now.tree && !isWanted(reason)) return before.n
    const head = await headOf(at)
    const n = (before?.n ?? 0) + 1
    const text = `${reason.note ?? `Checkpoint ${n}`}\n\nSession: ${sessionId}`
    const commit = await bind(at, { n, tree: now.tree, before: before?.commit ?? null, head, text })
    await now.remember()
    const base = before?.tree ?? head
    const changed = base === null ? [] : await changesSince(at, now, base)
    const leftOut = leftOutIn(now.leftOut)
    publish({
      type: "checkpoint",
      n,
      ...reason,
      ...{ commit, tree: now.tree, head, changed: totalsOf(changed) },
      ...(leftOut && { leftOut }),
    })
    return n
  }

  async function take(reason: Reason, allowance?: Allowance): Promise<number> {
    const at = await placed()
    await using now = await snapshot(at, { ...(allowance && { allowance }) })
    return await bound(at, now, reason)
  }

  async function giveBack({ requestId }: Pick<FilesRequest, "requestId">): Promise<void> {
    if (session().turnId !== null) throw new Refused(BUSY)
    await takeDown?.(requestId)
    await take({ when: "asked", requestId, note: "Before its work tree is given back" })
  }

  async function putBack({ requestId, n, turns }: RestoreRequest): Promise<void> {
    const target = session().checkpoints.find((one) => one.n === n)
    if (target === undefined)
      throw new Refused({ code: "unknown_checkpoint", message: `There is no checkpoint ${n}.` })
    if (session().turnId !== null || session().turns !== turns) throw new Refused(BUSY)
    const at = await placed()
    await using now = await snapshot(at)
    const plan = await planRestore(at, now, target.tree)
    if (plan.inTheWay.length > 0)
      throw new Refused({
        code: "work_only_here",
        message: `${namesOf(plan.inTheWay)} would be lost, and no checkpoint has it: move it away first.`,
      })
    await bound(at, now, { when: "before_restore" })
    await restore(at, now, plan)
    await using then = await snapshot(at)
    const checkpoint = await bound(at, then, { when: "restored" })
    const files = plan.gone.length + plan.puts.length
    publish({ type: "restored", requestId, n, checkpoint, files })
    publish({
      type: "notice",
      severity: "info",
      category: "restored",
      title: `The files are as they were at checkpoint ${n} (${files} changed).`,
      ...(plan.untouched.length > 0 && {
        hint: `Repositories inside were left as they are: ${namesOf(plan.untouched)}.`,
      }),
    })
  }

  return {
    aroundTurn: (when, turnId) =>
      inTurn(() => take({ when, turnId }, AROUND_TURN)).then(nothing, (error: unknown) => {
        // Whoever works in a directory that is gone says so.
        if (!existsSync(workingDir)) return
        const failure = failureOf(error)
        if (failure.message === told) return
        told = failure.message
        // Nothing is wrong with working in a directory that gets none.
        const expected = error instanceof NoPlace
        publish({
          type: "notice",
          severity: expected ? "info" : "warning",
          category: "checkpoint",
          title: expected ? failure.message : `No checkpoint was taken: ${failure.message}`,
          ...(failure.hint && { hint: failure.hint }),
        })
      }),

    noted: (turnId, note) =>
      inTurn(() => take({ when: "asked", note, ...(turnId && { turnId }) }, AROUND_TURN)).catch(() => null),

    perform: (request) => {
      const { requestId } = request
      const turnId = session().turnId ?? undefined
      const work = async () => {
        if (request.type === "restore_requested") await putBack(request)
        else if (request.type === "give_back_requested") await giveBack(request)
        else await take({ when: "asked", requestId, ...(turnId && { turnId }), ...noteOf(request) })
      }
      return inTurn(work).catch((error: unknown) =>
        publish({ type: "files_refused", requestId, error: failureOf(error) }),
      )
    },
  }
}

const nothing = (): void => undefined

const noteOf = ({ note }: { readonly note?: string | undefined }) => (note === undefined ? {} : { note })

/** Nothing, where what it is compared with is gone. */
const changesSince = ({ root }: Place, { own, tree }: Snapshot, base: string) =>
  changesBetween({ root, own }, base, tree).catch((error: unknown) => {
    if (saidNo(error)) return []
    throw error
  })

const MOST_NAMED = 50

function leftOutIn(all: readonly LeftOut[]): Checkpoint["leftOut"] {
  return all.length === 0 ? undefined : { count: all.length, files: all.slice(0, MOST_NAMED) }
}

const namesOf = (paths: readonly string[]): string =>
  `${paths.slice(0, 5).join(", ")}${paths.length > 5 ? ` and ${paths.length - 5} more` : ""}`

const BUSY: Failure = {
  code: "session_busy",
  message: "A turn has begun since: cancel it or let it end, then ask again.",
}

/** This directory gets no checkpoints. */
class NoPlace extends Error {
  override readonly name = "NoPlace"
}

/** A request for the files that is not met, with the reason fit to be shown. */
class Refused extends Failed {
  override readonly name = "Refused"
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failed) return error.failure
  const message = errorText(error)
  if (error instanceof NoPlace) return { code: "no_checkpoints_here", message }
  if (error instanceof TooManyFiles) return { code: "too_many_files", message }
  if (error instanceof ObjectGone) return { code: "checkpoint_gone", message }
  if (error instanceof FilesChanged) return { code: "files_changed", message }
  const hint =
    error instanceof GitError && error.ending.how === "not started"
      ? "Install git: checkpoints are made with it."
      : "The session goes on without; `agentz logs` may say more."
  return { code: "checkpoint_failed", message, hint }
}
