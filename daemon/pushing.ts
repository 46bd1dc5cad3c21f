/**
 * Brings the checkpoints of a session to a remote, and its branch where that is not the user's own, beside its turns and
 * never in their way: one push at a time, again after a while where the remote is away. How it stands is in the stream, so
 * the next daemon goes on with it.
 */
import { existsSync } from "node:fs"
import type { Command } from "#streams/command"
import type { Unstamped } from "#streams/event"
import type { RequestId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { unpushedIn } from "#streams/workspace-fold"
import type { Address } from "./git/address.ts"
import { checkpointRef } from "./git/checkpoint.ts"
import { branchIn } from "./git/commit.ts"
import { farFailure } from "./git/far-failure.ts"
import { type Place, placeOf } from "./git/place.ts"
import { pauseAfter } from "./git/push-report.ts"
import { type Pushed, push, RemoteRefused, remoteNamed } from "./git/remote.ts"
import { commitOf } from "./git/worktree.ts"

export type PushRequest = Extract<Command, { type: "push_requested" }>

/** Where it is brought by itself: the address as it was when that was allowed. */
export interface PushTarget {
  readonly remote: string
  readonly url: string
  /** Whether the branch that is checked out goes with the checkpoints; one of the user's own does not. */
  readonly branch: boolean
}

export interface Pushing {
  /** Something may be new. Returns at once. */
  nudge(): void
  /** Does what was asked, after what it is at. Ends with an event that settles the request. */
  perform(request: PushRequest): void
  readonly busy: boolean
  /** Ends what it is at. What was not done is due still. */
  stop(): Promise<void>
}

export interface PushingOptions {
  readonly home: string
  readonly sessionId: SessionId
  readonly workingDir: string
  /** Left out: only what is asked for is pushed. */
  readonly target: PushTarget | undefined
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
  /** What the user's environment says of how a remote is reached, and the marks of whatever is started. */
  readonly env: Readonly<Record<string, string>>
  readonly now?: () => number
}

/** What is to be brought where. */
interface Load {
  readonly address: Address
  readonly branch: { readonly name: string; readonly commit: string } | null
  /** Up to this one, all of them are there afterwards. */
  readonly checkpoint: number
  readonly refs: readonly Pushed[]
}

/** The longest that a timer may wait. */
const LONGEST_MS = 2 ** 31 - 1

export function pushingOf(options: PushingOptions): Pushing {
  const { home, sessionId, workingDir, target, session, publish, env, now = Date.now } = options
  const over = new AbortController()
  const requests: PushRequest[] = []
  let working: Promise<void> | null = null
  let nudged = false
  let timer: NodeJS.Timeout | undefined

  function begin(): void {
    if (working !== null || over.signal.aborted) return
    const request = requests.shift()
    if (request === undefined && !(nudged && target !== undefined)) return
    nudged = request === undefined ? false : nudged
    working = (request ? asked(request) : inBackground()).finally(() => {
      working = null
      later()
      begin()
    })
  }

  async function asked({ requestId, remote }: PushRequest): Promise<void> {
    if (session().settled.includes(requestId)) return
    await attempt(remote, { requestId, background: false })
  }

  async function inBackground(): Promise<void> {
    if (target === undefined || !existsSync(workingDir)) return
    await attempt(target.remote, { background: true })
  }

  function later(): void {
    clearTimeout(timer)
    if (over.signal.aborted) return
    const dueAt = unpushedIn(session())?.dueAt
    if (target === undefined || dueAt == null) return
    const wait = Math.min(LONGEST_MS, Math.max(0, Date.parse(dueAt) - now()))
    timer = setTimeout(() => nudge(), wait).unref()
  }

  function nudge(): void {
    nudged = true
    begin()
  }

  async function attempt(
    remote: string,
    { requestId, background }: { readonly requestId?: RequestId; readonly background: boolean },
  ): Promise<void> {
    const which = requestId === undefined ? {} : { requestId }
    let url: string | null = null
    try {
      const at = await placed()
      const address = await reachable(at, remote, background ? target : undefined)
      url = address.shown
      const load = await loadOf(at, { address, remote, background })
      if (load.refs.length === 0 && background) return
      await push(at, address, load.refs, { signal: over.signal, env })
      const { branch, checkpoint } = load
      const refs = load.refs.map(({ ref, commit }) => ({ ref, commit }))
      publish({ type: "workspace_pushed", ...which, remote, url, branch, checkpoint, refs })
    } catch (error) {
      // What was cut off is due still.
      if (over.signal.aborted) return
      const { failure, again } = farFailure(error, url)
      const attempts = (session().workspace.push?.trouble?.attempt ?? 0) + 1
      const pause = again && target?.remote === remote ? pauseAfter(attempts) : null
      const dueAt = pause === null ? null : new Date(now() + pause).toISOString()
      publish({
        type: "workspace_push_failed",
        ...which,
        remote,
        url,
        error: failure,
        attempt: attempts,
        dueAt,
      })
    }
  }

  async function placed(): Promise<Place> {
    const at = await placeOf(home, sessionId, workingDir)
    if ("why" in at || at.repository === null)
      throw new RemoteRefused({ code: "no_repository", message: "The session works in no git repository." })
    return at
  }

  async function loadOf(
    at: Place,
    { address, remote, background }: { address: Address; remote: string; background: boolean },
  ): Promise<Load> {
    const { workspace, checkpoints } = session()
    // What is at another address tells nothing of this one.
    const before =
      workspace.push?.url === address.shown && workspace.push.remote === remote ? workspace.push : null
    const isOurs = !background || target?.branch === true
    const name = isOurs ? await branchIn(at.root) : null
    const commit = name === null ? null : await commitOf(at.root, "HEAD")
    if (!background && (name === null || commit === null))
      throw new RemoteRefused({
        code: "unknown_branch",
        message: "No branch is checked out in the session's work tree: check one out there.",
      })
    const branch = name === null || commit === null ? null : { name, commit }
    const moved = branch !== null && (!background || !isSame(before?.branch ?? null, branch))
    const lease = before?.branch?.name === name ? before.branch.commit : undefined
    const fresh = background ? checkpoints.filter(({ n }) => n > (before?.checkpoint ?? 0)) : []
    return {
      address,
      branch,
      checkpoint: fresh.at(-1)?.n ?? before?.checkpoint ?? 0,
      refs: [
        ...(moved ? [{ ref: `refs/heads/${branch.name}`, commit: branch.commit, over: lease }] : []),
        ...fresh.map((mark) => ({ ref: checkpointRef(sessionId, mark.n), commit: mark.commit })),
      ],
    }
  }

  later()
  return {
    nudge,
    perform(request) {
      requests.push(request)
      begin()
    },
    get busy() {
      return working !== null
    },
    async stop() {
      clearTimeout(timer)
      over.abort()
      await working
    },
  }
}

type Branch = NonNullable<Load["branch"]>
const isSame = (one: Branch | null, other: Branch): boolean =>
  one?.name === other.name && one.commit === other.commit

/** Without being asked it is brought nowhere but where that was allowed. */
async function reachable(at: Place, remote: string, allowed: PushTarget | undefined): Promise<Address> {
  const address = await remoteNamed(at.root, remote)
  if (allowed === undefined || allowed.url === address.shown) return address
  throw new RemoteRefused({
    code: "remote_changed",
    message: `The remote “${remote}” leads to ${address.shown} now, and what was allowed is ${allowed.url}.`,
    hint: "If that is right, push with `agentz push`, and allow it anew for new sessions.",
  })
}
