/**
 * Brings daemons to life and says the truth about dead ones. Every rule here may be applied by several control
 * planes at once: whoever is granted the epoch does it, the others find it done.
 */
import { hostname } from "node:os"
import { filesOf } from "#daemon/home"
import { endLeftovers } from "#daemon/process/belongings"
import { type Identity, isSame, signal } from "#daemon/process/identity"
import { removeRunFile } from "#daemon/run-file"
import { openSpoolFile } from "#daemon/spool-file"
import { activityWriter } from "#streams/activity-writer"
import type { Failure, Unstamped } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { isDue, stopsWaiting } from "#streams/limit"
import { openPublisher } from "#streams/publisher"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon, type Session } from "#streams/session"
import { wait } from "#streams/transport"
import { type Grant, grantEpoch, type Inbox, readInbox } from "./grant.ts"
import { isStopped, lastWords } from "./last-words.ts"
import { type Liveness, livenessOf } from "./liveness.ts"
import { errorFields } from "./log.ts"
import type { PlaneContext } from "./plane-context.ts"
import { startDaemon } from "./start-daemon.ts"

/** A daemon that was started and has not said so in its stream after this long never will. */
const START_LIMIT_MS = 10_000
/** A daemon that does not answer for this long is not alive for anybody who waits for it. */
const SILENCE_LIMIT_MS = 12_000
/** How long a living daemon is watched until it has taken what it was asked. */
const DELIVERY_LIMIT_MS = 15_000
/** What a dead daemon left running may end by itself for so long. */
const LEFTOVER_GRACE_MS = 2_000
/** So many starts at once; more would only make each other slow. */
const STARTS_AT_ONCE = 4

export interface EnsureOptions {
  /** Take up an interrupted turn. */
  readonly resume: boolean
  /**
   * What the daemon is needed for. One that is found alive may be about to leave: until its session says this, it is
   * watched, and another one is started when it is gone.
   */
  readonly until?: (session: Session) => boolean
}

export interface Daemons {
  /** A living daemon for the session; resolves with its epoch when it was started or found. */
  ensure(entry: RegistryEntry, options: EnsureOptions): Promise<number>
  /** Makes the session's status true: starts what was asked for, ends what is dead. Never throws for one session. */
  reconcile(entry: RegistryEntry): Promise<void>
  /** Resolves when every start in progress has come to something. */
  settled(): Promise<void>
}

export function daemonsOf(context: PlaneContext): Daemons {
  const { endpoint, folds, home, log, patience } = context
  const busy = new Map<SessionId, Promise<unknown>>()
  const silentSince = new Map<SessionId, number>()
  const starts = slots(STARTS_AT_ONCE)
  const background = new Set<Promise<unknown>>()
  /** Sessions whose last daemon was our child and has ended: nothing more is to be waited for. */
  const endedEarly = new Set<SessionId>()

  /** One thing at a time per session in this process; between processes the grant decides. */
  function alone<Result>(sessionId: SessionId, work: () => Promise<Result>): Promise<Result> {
    const before = busy.get(sessionId) ?? Promise.resolve()
    const result = before.then(work, work)
    busy.set(sessionId, result)
    const done = () => {
      if (busy.get(sessionId) === result) busy.delete(sessionId)
    }
    result.then(done, done)
    return result
  }

  async function start(entry: RegistryEntry, inbox: Inbox, resume: boolean): Promise<number> {
    const { sessionId, agentType, workingDir, model, permissionMode, config } = entry
    using _slot = await starts.take()
    // Whatever a former daemon's tools left running must not work beside the new one's.
    await endLeftovers({ home: home.path, sessionId, epoch: inbox.epoch }, LEFTOVER_GRACE_MS)
    const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "daemon", resume })
    if (grant === null) return (await readInbox(endpoint, sessionId, patience)).epoch
    const daemon = startDaemon({
      sessionId,
      ...grant,
      agentType,
      workingDir,
      ...(model !== undefined && { model }),
      permissionMode,
      ...(config !== undefined && { config }),
      resume,
      idleSeconds: context.idleSeconds,
      onLimit: entry.onLimit ?? context.onLimit,
      home: home.path,
      isolation: context.isolation,
      showsHome: !context.hideHome,
      streams: context.known(),
    })
    endedEarly.delete(sessionId)
    log({ event: "daemon_started", sessionId, epoch: grant.epoch, pid: daemon.pid })
    void daemon.ended.then(({ code, signal: by }) => {
      log({ event: "daemon_ended", sessionId, epoch: grant.epoch, pid: daemon.pid, code, signal: by })
      endedEarly.add(sessionId)
      if (code !== 0) void reconcileAlone(entry)
    })
    const began = performance.now()
    if (await firstSign(sessionId, grant, daemon.ended))
      log({ event: "daemon_ready", sessionId, epoch: grant.epoch, ms: Math.round(performance.now() - began) })
    return grant.epoch
  }

  /**
   * Waits until the daemon holds its session (`true`), has ended, or is overdue; holds the start's slot meanwhile.
   */
  async function firstSign(
    sessionId: SessionId,
    { epoch }: Grant,
    ended: Promise<unknown>,
  ): Promise<boolean> {
    let over = false
    void ended.then(() => {
      over = true
    })
    const limit = performance.now() + START_LIMIT_MS
    while (!over && performance.now() < limit) {
      const { run } = await livenessOf(home.path, sessionId)
      if (run !== null && run.epoch >= epoch) return true
      await wait(20)
    }
    return false
  }

  async function ensure(entry: RegistryEntry, resume: boolean): Promise<number> {
    const { sessionId } = entry
    const living = await livenessOf(home.path, sessionId)
    const inbox = await readInbox(endpoint, sessionId, patience)
    if (living.state === "alive" && living.run.epoch === inbox.epoch) return inbox.epoch
    if (living.run !== null && living.state !== "dead") await retire(living.run)
    const { value: session } = await folds.session(sessionId)
    // The dead daemon's turn is closed first, so that the transcript says where it was cut off.
    if (session.turnId !== null) await close(entry, session, inbox)
    return start(entry, await readInbox(endpoint, sessionId, patience), resume)
  }

  async function ensureUntil(entry: RegistryEntry, { resume, until }: EnsureOptions): Promise<number> {
    const { sessionId } = entry
    const limit = performance.now() + DELIVERY_LIMIT_MS
    for (;;) {
      const epoch = await alone(sessionId, () => ensure(entry, resume))
      if (!until) return epoch
      while ((await livenessOf(home.path, sessionId)).state !== "dead") {
        // A daemon that lives and is busy takes what it was asked when it comes to it.
        if (until((await folds.session(sessionId)).value) || performance.now() > limit) return epoch
        await wait(100)
      }
      if (until((await folds.session(sessionId)).value) || performance.now() > limit) return epoch
    }
  }

  /**
   * Ends a daemon that holds no epoch any more or does not answer. One that the system has stopped cannot work
   * either: it gets its SIGTERM when it is woken, and the store refuses it in any case.
   */
  async function retire(identity: Identity): Promise<void> {
    signal(identity, "SIGTERM")
    for (let waited = 0; waited < 5_000 && isSame(identity) && !isStopped(identity.pid); waited += 50)
      await wait(50)
    if (!isStopped(identity.pid)) signal(identity, "SIGKILL")
  }

  /** Says on behalf of a dead daemon how its session stands. */
  async function close(entry: RegistryEntry, told: Session, inbox: Inbox): Promise<void> {
    const { sessionId } = entry
    const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
    if (grant === null) return
    const files = filesOf(home.path, sessionId)
    const words = lastWords(files.log, inbox.daemonEpoch)
    const neverCame = told.epoch < inbox.daemonEpoch
    using publisher = await openPublisher({
      endpoint,
      sessionId,
      epoch: grant.epoch,
      spool: openSpoolFile(files.spool),
      first: (session) => [
        ...untaken(session, inbox),
        ...notWaited(session, inbox),
        ...ending(session, neverCame, words),
      ],
      onFatal: (error) => log({ event: "close_refused", sessionId, error: error.message }),
    })
    const { offset } = await readInbox(endpoint, sessionId, patience)
    const gone = new AbortController()
    const activity = activityWriter(endpoint, { sessionId, epoch: grant.epoch, signal: gone.signal })
    activity.changed(publisher.session, offset)
    await activity.flushed()
    log({ event: "session_closed", sessionId, epoch: grant.epoch, status: publisher.session.status })
  }

  async function reconcile(entry: RegistryEntry): Promise<void> {
    const living = await livenessOf(home.path, entry.sessionId)
    await settle(entry, living)
    if (living.state !== "dead" || !living.run) return
    // It did not end by itself, so neither did what it had started. Its run file stays until that is done.
    const { sessionId, epoch, pid } = living.run
    await endLeftovers({ home: home.path, sessionId, epoch }, LEFTOVER_GRACE_MS)
    removeRunFile(filesOf(home.path, entry.sessionId).run, pid)
  }

  async function settle(entry: RegistryEntry, living: Liveness): Promise<void> {
    const { sessionId } = entry
    if (living.state === "alive") {
      silentSince.delete(sessionId)
      return
    }
    const { value: session } = await folds.session(sessionId)
    if (session.daemon !== null && session.daemon.host !== hostname()) return // Only its own host can tell.
    const inbox = await readInbox(endpoint, sessionId, patience)
    const asked = untaken(session, inbox).length > 0 || answeredOrphan(session, inbox)

    if (living.state === "silent") {
      const since = silentSince.get(sessionId) ?? performance.now()
      silentSince.set(sessionId, since)
      if (performance.now() - since < SILENCE_LIMIT_MS || !needsDaemon(session.status)) return
      silentSince.delete(sessionId)
      log({ event: "daemon_silent", sessionId, pid: living.run.pid })
      return close(entry, session, inbox)
    }
    silentSince.delete(sessionId)
    if (inbox.epoch === 0) {
      // Asked for by a control plane that died before it could start anything.
      if (asked) await start(entry, inbox, false)
      return
    }
    const neverCame = session.epoch < inbox.daemonEpoch
    const age = Date.now() - Date.parse(inbox.daemonGrantedAt ?? "")
    // A clock that was set back must not make a start last for ever.
    if (neverCame && age >= 0 && age < START_LIMIT_MS && !endedEarly.has(sessionId)) return
    if (needsDaemon(session.status) || neverCame) return close(entry, session, inbox)
    if (notWaited(session, inbox).length > 0) return close(entry, session, inbox)
    if (asked) await start(entry, inbox, session.approvals.length > 0)
    else if (isDue(session, Date.now())) await start(entry, inbox, true)
    else if (entry.activity && (needsDaemon(entry.status) || entry.activity.seq < session.seq))
      await restate(entry, session, inbox)
  }

  /** The stream is at rest and its row says otherwise: its daemon died between the two. */
  async function restate(entry: RegistryEntry, session: Session, inbox: Inbox): Promise<void> {
    const grant = await grantEpoch(endpoint, entry.sessionId, { ...patience, inbox, purpose: "closing" })
    if (grant === null) return
    const { signal: never } = new AbortController()
    const activity = activityWriter(endpoint, {
      sessionId: entry.sessionId,
      epoch: grant.epoch,
      signal: never,
    })
    activity.changed(session, (await readInbox(endpoint, entry.sessionId, patience)).offset)
    await activity.flushed()
  }

  const reconcileAlone = (entry: RegistryEntry): Promise<void> =>
    inBackground(
      alone(entry.sessionId, () => reconcile(entry)).catch((error: unknown) =>
        log({ event: "reconcile_failed", sessionId: entry.sessionId, ...errorFields(error) }),
      ),
    )

  function inBackground<Result>(work: Promise<Result>): Promise<Result> {
    background.add(work)
    const done = () => background.delete(work)
    work.then(done, done)
    return work
  }

  return {
    ensure: (entry, options) => inBackground(ensureUntil(entry, options)),
    reconcile: reconcileAlone,
    async settled() {
      while (background.size > 0) await Promise.allSettled(background)
    },
  }
}

/** Messages that wait in the inbox and no daemon has taken. */
function untaken(session: Session, inbox: Inbox): Unstamped[] {
  const seen = new Set(session.taken)
  for (const command of inbox.commands) if (command.type === "withdraw") seen.add(command.messageId)
  return inbox.commands.flatMap((command) => {
    if (command.type !== "user_message" || seen.has(command.messageId)) return []
    seen.add(command.messageId)
    const { messageId, text, attachments } = command
    return [{ type: "user_message" as const, messageId, text, ...(attachments && { attachments }) }]
  })
}

/** The session was to go on by itself, and a person said that it should not. */
const notWaited = (session: Session, inbox: Inbox): Unstamped[] =>
  inbox.commands.flatMap((command) => (command.type === "stop_waiting" ? stopsWaiting(session, command) : []))

const answeredOrphan = (session: Session, inbox: Inbox): boolean =>
  session.approvals.some(({ requestId }) =>
    inbox.commands.some(
      (command) => command.type === "permission_response" && command.requestId === requestId,
    ),
  )

function ending(
  session: Session,
  neverCame: boolean,
  words: { readonly reason: string | null; readonly tail: string },
): Unstamped[] {
  const tail = words.tail === "" ? {} : { logTail: words.tail }
  const error = (code: string, message: string): Failure => ({
    code,
    message,
    hint: "Resume the session to go on.",
  })
  if (neverCame && session.turnId === null)
    return [
      {
        type: "session_failed",
        error: error(
          "start_failed",
          `The session's daemon did not start${words.reason ? `: ${words.reason}` : "."}`,
        ),
        ...tail,
      },
    ]
  if (!needsDaemon(session.status)) return []
  return [
    {
      type: "session_interrupted",
      error: error("daemon_lost", `The session's daemon is gone${words.reason ? `: ${words.reason}` : "."}`),
      ...tail,
    },
  ]
}

/** A counting lock: `take` waits for a free slot, disposing gives it back. */
function slots(count: number) {
  let free = count
  const waiting: (() => void)[] = []
  const give = () => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
  return {
    async take(): Promise<Disposable> {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => void waiting.push(resolve))
      return { [Symbol.dispose]: give }
    },
  }
}
