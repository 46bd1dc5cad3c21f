/** Finds the sessions that have nowhere to work any more and sees to it that they have it again, and that each says so in its stream. */
import { machineName } from "#daemon/process/machine"
import type { Failure, Unstamped } from "#streams/event"
import type { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import type { Session } from "#streams/session"
import { wait } from "#streams/transport"
import { speakFor } from "../daemons/close.ts"
import { oneByOne } from "../daemons/order.ts"
import type { Inbox } from "../grant.ts"
import { livenessOf } from "../liveness.ts"
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { sourceOf, Unrecoverable } from "./from-remote.ts"
import { type Gone, isGivenBack, isMissing, isNothing, rootOf, wasTakenAway } from "./gone.ts"
import { directoryGone } from "./recover-checkout.ts"
import type { RecoveredSession, RecoveryProgress } from "./recovering.ts"
import { type Found, recoverWorkspace } from "./recovery.ts"
import { restateWorktree } from "./remake.ts"

export interface Recovery {
  /** Before a daemon is started: makes again what it works in, where that is gone. Gives whether something was said. */
  before(entry: RegistryEntry, inbox: Inbox): Promise<boolean>
  /** One session whose inbox nobody else of this process works on. */
  one(entry: RegistryEntry, inbox: Inbox): Promise<RecoveredSession>
  /** Those that have nowhere to work: of this machine, and not archived. */
  missing(): Promise<readonly Missing[]>
  /** All that {@link Recovery.missing} finds and that was pushed, until each is there or lost for good. */
  watch(alone: Alone, signal: AbortSignal): Promise<void>
  progress(): RecoveryProgress
}

export type Alone = <Result>(sessionId: SessionId, work: (inbox: Inbox) => Promise<Result>) => Promise<Result>
export type Missing = RegistryEntry & Gone

/** Between attempts where the remote is away; the last of them again and again. */
const PAUSES_MS = [5_000, 15_000, 60_000, 300_000]

export function recoveryOf(context: PlaneContext): Recovery {
  const { folds, home, log } = context
  /** Work trees of one repository are made one after the other: the first may have to clone it. */
  const inRepository = oneByOne<string>()
  const state = { total: 0, recovered: 0, lost: 0 }
  /** Those that were found missing. Another session of the same directory may have made it again meanwhile. */
  const missed = new Set<SessionId>()

  async function attempt(entry: Missing, session: Session): Promise<Found | Failure | null> {
    try {
      return await inRepository(rootOf(entry), () => recoverWorkspace(home.path, entry, session))
    } catch (error) {
      if (error instanceof Unrecoverable) return error.failure
      throw error
    }
  }

  const isWaiting = (entry: RegistryEntry): entry is Missing =>
    isMissing(home.path, entry) || (entry.checkout !== undefined && missed.has(entry.sessionId))

  async function one(entry: RegistryEntry, inbox: Inbox): Promise<RecoveredSession> {
    const { sessionId } = entry
    const { value: session } = await folds.session(sessionId)
    if (!isWaiting(entry)) return told(entry, session, { outcome: "there" })
    await refuseAtWork(entry, session)
    const found = await attempt(entry, session)
    missed.delete(sessionId)
    if (found === null) return told(entry, session, { outcome: "there" })
    const failed = "code" in found
    log({
      event: failed ? "workspace_lost" : "workspace_recovered",
      sessionId,
      ...(failed
        ? { level: "warn", reason: found.code, message: found.message }
        : { from: found.from, checkpoint: found.checkpoint, gone: found.gone }),
    })
    if (!failed && found.worktree) await restateWorktree(context, entry, found.worktree)
    // The same is not said again at every start.
    if (!failed || session.workspace.lost?.message !== found.message)
      await speakFor(context, { sessionId, inbox }, () =>
        failed ? lostEvents(nounOf(entry), found) : recoveredEvents(entry, found),
      )
    if (failed) return told(entry, session, { outcome: "lost", error: found })
    const { from, checkpoint, gone, branch } = found
    return told(entry, session, {
      outcome: "recovered",
      from,
      checkpoint,
      gone,
      branch: branch?.name ?? null,
    })
  }

  /** A daemon that idles there would go on with files that it took for its own. */
  async function refuseAtWork({ sessionId }: RegistryEntry, { status }: Session): Promise<void> {
    if ((await livenessOf(home.path, sessionId)).state !== "dead")
      throw new Problem(
        "session_busy",
        `The daemon of session ${sessionId} lives (${status}): \`agentz cancel ${sessionId}\`, and try again when it has left.`,
      )
  }

  async function missing(): Promise<readonly Missing[]> {
    const { value } = await folds.registry()
    const found: Missing[] = []
    for (const entry of value.values()) {
      if (entry.archivedAt !== undefined || !isMissing(home.path, entry) || isGivenBack(entry)) continue
      const { host } = (await folds.session(entry.sessionId)).value
      if (host === null || host === machineName()) found.push(entry)
    }
    for (const { sessionId } of found) missed.add(sessionId)
    return found.sort(byOrder)
  }

  return {
    one,
    missing,
    progress: () => ({ ...state, waiting: state.total - state.recovered - state.lost }),

    async before(entry, inbox) {
      if (!isMissing(home.path, entry) || isGivenBack(entry)) return false
      return (await one(entry, inbox)).outcome !== "there"
    },

    async watch(alone, signal) {
      const open = new Set<Missing>()
      for (const entry of await missing()) {
        const { value: session } = await folds.session(entry.sessionId)
        if (sourceOf(entry, session) !== null && !(await wasTakenAway(entry))) open.add(entry)
      }
      state.total = open.size
      for (let round = 0; open.size > 0 && !signal.aborted; round++) {
        if (round > 0)
          await wait(PAUSES_MS[Math.min(round, PAUSES_MS.length) - 1] ?? 0, signal).catch(() => undefined)
        for (const entry of [...open]) {
          if (signal.aborted) return
          const { sessionId } = entry
          const done = await alone(sessionId, (inbox) => one(entry, inbox)).catch((error: unknown) => {
            log({ event: "recover_failed", sessionId, ...errorFields(error) })
            return null
          })
          if (done?.error?.code === "remote_away" || done === null) continue
          open.delete(entry)
          if (done.outcome === "lost") state.lost += 1
          else state.recovered += 1
        }
      }
    },
  }
}

/** In a directory that several sessions work in, whoever kept it last says how its files are; work trees are made of it. */
const byOrder = (one: Missing, other: Missing): number =>
  Number(one.worktree !== undefined) - Number(other.worktree !== undefined) ||
  (other.activity?.updatedAt ?? "").localeCompare(one.activity?.updatedAt ?? "")

type Told = Partial<RecoveredSession> & Pick<RecoveredSession, "outcome">

const told = (entry: RegistryEntry, session: Session, more: Told): RecoveredSession => {
  const { sessionId, title, worktree, checkout } = entry
  const source = (worktree ?? checkout) ? sourceOf(entry, session) : null
  return {
    ...{ sessionId, title, path: worktree?.path ?? entry.workingDir, from: null, url: source?.url ?? null },
    ...{ branch: worktree?.branch ?? null, checkpoint: null, gone: 0, error: null },
    ...more,
  }
}

const nounOf = ({ worktree }: Pick<RegistryEntry, "worktree">): string =>
  worktree === undefined ? "The directory" : "The work tree"

function recoveredEvents(
  entry: Pick<RegistryEntry, "worktree">,
  { from, branch, checkpoint, gone }: Found,
): readonly Unstamped[] {
  const files =
    checkpoint !== null
      ? `with the files as they were at checkpoint ${checkpoint}`
      : entry.worktree === undefined
        ? "with files that are not of this session's checkpoints"
        : "with the files as its branch has them"
  const lost =
    gone === 0 ? "" : ` ${gone === 1 ? "One later checkpoint is" : `${gone} later checkpoints are`} gone.`
  const hint =
    gone === 0
      ? {}
      : { hint: "What was done after it is nowhere any more; the transcript tells what it was." }
  return [
    { type: "workspace_recovered", from, branch, checkpoint, gone },
    {
      type: "notice",
      severity: gone === 0 ? "info" : "warning",
      category: "workspace",
      title: `${nounOf(entry)} was gone and is there again, ${files}.${lost}`,
      ...hint,
    },
  ]
}

const lostEvents = (noun: string, error: Failure): readonly Unstamped[] => [
  { type: "workspace_lost", error },
  {
    type: "notice",
    severity: "error",
    category: "workspace",
    title: `${noun} is gone: ${error.message}`,
    ...(error.hint && { hint: error.hint }),
  },
]

/** What would be tried, told without asking any remote. */
export async function outlookOf(
  home: string,
  entry: RegistryEntry,
  session: Session,
): Promise<RecoveredSession> {
  if (!isMissing(home, entry)) return told(entry, session, { outcome: "there" })
  const here = !isNothing(rootOf(entry))
  const source = sourceOf(entry, session)
  if (here && entry.worktree === undefined)
    return told(entry, session, { outcome: "lost", error: directoryGone(entry) })
  const from = here ? "repository" : source === null ? null : "remote"
  const last = session.checkpoints.at(-1)?.n ?? null
  const checkpoint = here ? last : (session.workspace.push?.checkpoint ?? null) || null
  const error: Failure | null = from === null ? { code: "nowhere_else", message: NOWHERE } : null
  return told(entry, session, { outcome: from === null ? "lost" : "gone", from, checkpoint, error })
}

const NOWHERE =
  "The repository is gone and the work was never pushed: put the repository back, then `agentz recover`."
