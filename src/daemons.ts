/**
 * Brings daemons to life and says the truth about dead ones. Every rule here may be applied by several control
 * planes at once: whoever is granted the epoch does it, the others find it done.
 */
import { rmSync } from "node:fs"
import { filesOf, isSocketFile, socketIn, socketOf } from "#daemon/home"
import { endLeftovers } from "#daemon/process/belongings"
import { type Identity, isSame, signal } from "#daemon/process/identity"
import { machineName } from "#daemon/process/machine"
import { killTree } from "#daemon/process/tree"
import { removeRunFile } from "#daemon/run-file"
import type { SessionId } from "#streams/ids"
import { isDue } from "#streams/limit"
import type { RegistryEntry } from "#streams/registry"
import type { Session } from "#streams/session"
import { wait } from "#streams/transport"
import { isPushDue, pushTargetOf, unpushedIn } from "#streams/workspace-fold"
import { archiveOf } from "./archive.ts"
import { closeSession, restate } from "./daemons/close.ts"
import {
  type Found,
  findingOf,
  isOnAnotherHost,
  SILENCE_LIMIT_MS,
  START_LIMIT_MS,
} from "./daemons/finding.ts"
import { INCARNATION, mayCome } from "./daemons/launch.ts"
import { oneByOne, slots } from "./daemons/order.ts"
import { type Grant, grantEpoch, type Inbox, readInbox } from "./grant.ts"
import { isStopped } from "./last-words.ts"
import { type Liveness, livenessOf } from "./liveness.ts"
import { errorFields } from "./log.ts"
import type { PlaneContext } from "./plane-context.ts"
import { startDaemon } from "./start-daemon.ts"
import { isMissing } from "./workspaces/gone.ts"
import { type Recovery, recoveryOf } from "./workspaces/recover.ts"
import { withWorktree } from "./workspaces/remake.ts"

/** How long a living daemon is watched until it has taken what it was asked. */
const DELIVERY_LIMIT_MS = 15_000
/** What a dead daemon left running may end by itself for so long. */
const LEFTOVER_GRACE_MS = 2_000
/** So many starts at once; more would only make each other slow. */
const STARTS_AT_ONCE = 4
/** So many dead sessions are closed at once. */
const CLOSES_AT_ONCE = 16

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
  /** Runs `work` while nothing else is done with the session in this process. */
  alone<Result>(sessionId: SessionId, work: (inbox: Inbox) => Promise<Result>): Promise<Result>
  /** Ends the session's daemon if it lives. */
  retire(sessionId: SessionId): Promise<void>
  /** Resolves when every start in progress has come to something. */
  settled(): Promise<void>
}

/** What its daemon is told of where it works. */
function workspaceOf({ worktree, checkout }: Pick<RegistryEntry, "worktree" | "checkout">) {
  const push = pushTargetOf({ worktree, checkout })
  return {
    ...(worktree?.setUp && {
      setUp: { ...worktree.setUp, ...(worktree.remade && { round: worktree.remade.times }) },
    }),
    ...(worktree?.tearDown && { tearDown: worktree.tearDown }),
    ...(worktree?.remade && { remade: worktree.remade }),
    ...(push && { push: { ...push, branch: worktree !== undefined } }),
  }
}

type NotAlive = Exclude<Liveness, { state: "alive" }>

interface Looked<Living extends Liveness = Liveness> {
  readonly session: Session
  readonly inbox: Inbox
  readonly living: Living
}

export function daemonsOf(context: PlaneContext, recovery: Recovery = recoveryOf(context)): Daemons {
  const { endpoint, folds, home, log, patience } = context
  const archive = archiveOf(context)
  const alone = oneByOne<SessionId>()
  const starts = slots(STARTS_AT_ONCE)
  const closes = slots(CLOSES_AT_ONCE)
  const background = new Set<Promise<unknown>>()
  const reconciling = new Map<SessionId, Promise<void>>()
  /** Since when, by our own monotonic clock, a session is seen as it is now. */
  const seen = new Map<SessionId, { readonly as: string; readonly since: number }>()
  /** Sessions whose last daemon was our child and has ended: nothing more is to be waited for. */
  const endedEarly = new Set<SessionId>()

  async function start(lookedAt: RegistryEntry, lookedIn: Inbox, resume: boolean): Promise<number> {
    const { sessionId, agentType, workingDir, model, permissionMode, config, limits } = lookedAt
    // It may take long, and nobody else's start waits for it.
    const { entry: given, inbox: asOf } = isMissing(home.path, lookedAt)
      ? await recovered(lookedAt, lookedIn)
      : { entry: lookedAt, inbox: lookedIn }
    using _slot = await starts.take()
    const reopened = await archive.reopen(given)
    const inbox = await readInbox(endpoint, sessionId, patience)
    // The slot was long in coming, and somebody else was quicker.
    if (!reopened && inbox.epoch !== asOf.epoch) return inbox.epoch
    // Where it cannot be made again the agent says so: its directory is not there.
    const entry = await withWorktree(context, given).catch((error: unknown) => {
      log({ event: "work_tree_missing", sessionId, ...errorFields(error) })
      return given
    })
    // Whatever a former daemon's tools left running must not work beside the new one's.
    await endLeftovers({ home: home.path, sessionId, epoch: inbox.epoch }, LEFTOVER_GRACE_MS)
    const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "daemon", resume })
    if (grant === null) return (await readInbox(endpoint, sessionId, patience)).epoch
    const daemon = startDaemon({
      sessionId,
      ...grant,
      socket: socketOf(home.path, sessionId, grant.epoch, context.socketSecret),
      agentType,
      workingDir,
      ...(model !== undefined && { model }),
      permissionMode,
      ...(config !== undefined && { config }),
      resume,
      ...(limits !== undefined && { limits }),
      ...workspaceOf(entry),
      mcpServerNames: entry.mcpServers ?? [],
      idleSeconds: entry.idleSeconds ?? context.idleSeconds,
      onLimit: entry.onLimit ?? context.onLimit,
      home: home.path,
      isolation: context.isolation,
      showsHome: !context.hideHome,
      ...(!context.notes && { notes: false }),
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

  /** With its work tree, where that is not away on purpose and can be made again. */
  async function recovered(entry: RegistryEntry, asOf: Inbox) {
    const read = () => readInbox(endpoint, entry.sessionId, patience)
    const inbox = (await archive.reopen(entry)) ? await read() : asOf
    const said = await recovery.before(entry, inbox)
    const row = (await folds.registry()).value.get(entry.sessionId)
    return { entry: row ?? entry, inbox: said ? await read() : inbox }
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
    const read = () => readInbox(endpoint, sessionId, patience)
    // While it lives its session need not be read.
    const first = await livenessOf(home.path, sessionId)
    if (first.state === "alive" && first.run.epoch === (await read()).epoch) return first.run.epoch
    const { living, session, inbox } = await heardOf(sessionId)
    if (living.state === "alive" && living.run.epoch === inbox.epoch) return inbox.epoch
    // One at work on another host takes what it is asked there; only a person takes its session away from it.
    if (session.turnId !== null && isOnAnotherHost(session, machineName()) && !resume) return inbox.epoch
    if (living.run !== null && living.state !== "dead") await retire(living.run)
    if (session.turnId === null) return start(entry, inbox, resume)
    // The dead daemon's turn is closed first, so that the transcript says where it was cut off.
    await closeSession(context, { sessionId, inbox, why: "lost" })
    return start(entry, await read(), resume)
  }

  /**
   * Its daemon is looked at after its streams were read: the other way round one that came in between would be taken
   * for dead in the middle of its turn.
   */
  async function lookAt(sessionId: SessionId): Promise<Looked> {
    const { value: session } = await folds.session(sessionId)
    const inbox = await readInbox(endpoint, sessionId, patience)
    return { session, inbox, living: await livenessOf(home.path, sessionId) }
  }

  /**
   * A daemon that does not answer at once may be starved by others, and one that another control plane started may be
   * on its way: both have the time that is given them everywhere.
   */
  async function heardOf(sessionId: SessionId): Promise<Looked> {
    const began = performance.now()
    for (;;) {
      const looked = await lookAt(sessionId)
      const forMs = performance.now() - began
      const { living, session, inbox } = looked
      const isStarved =
        living.state === "silent" && living.run.epoch === inbox.epoch && !isStopped(living.run.pid)
      const isComing =
        living.state === "dead" &&
        inbox.epoch === inbox.daemonEpoch &&
        session.epoch < inbox.epoch &&
        !endedEarly.has(sessionId) &&
        mayCome(inbox)
      if (!(isStarved && forMs < SILENCE_LIMIT_MS) && !(isComing && forMs < START_LIMIT_MS)) return looked
      await wait(200)
    }
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

  async function reconcile(entry: RegistryEntry): Promise<void> {
    const { sessionId } = entry
    const lives = () => void seen.delete(sessionId)
    if ((await livenessOf(home.path, sessionId)).state === "alive") return lives()
    const { living, ...read } = await lookAt(sessionId)
    if (living.state === "alive") return lives()
    await settle(entry, { ...read, living })
    if (living.state !== "dead" || living.run === null) return
    // It did not end by itself, so neither did what it had started. Its run file stays until that is done.
    const { epoch, pid } = living.run
    await endLeftovers({ home: home.path, sessionId, epoch }, LEFTOVER_GRACE_MS)
    removeRunFile(filesOf(home.path, sessionId).run, pid)
    const socket = socketIn(home.path, living.run)
    if (isSocketFile(socket)) rmSync(socket, { force: true })
  }

  async function settle(entry: RegistryEntry, { session, inbox, living }: Looked<NotAlive>): Promise<void> {
    const { sessionId } = entry
    const daemon = daemonAsFound(living, session, inbox)
    const due = isDue(session, Date.now())
    const pushDue = isPushDue({ ...entry, activity: { push: unpushedIn(session) } }, Date.now())
    const finding = findingOf({ entry, session, inbox, host: machineName(), due, pushDue, daemon })
    switch (finding.do) {
      case "nothing":
        return
      case "start":
        await start(entry, inbox, finding.resume)
        return
      case "close": {
        if (living.run && living.state === "silent")
          log({ event: "daemon_silent", sessionId, pid: living.run.pid })
        const overdue = inbox.daemonGrant?.incarnation
        if (finding.why === "never_came" && overdue !== undefined)
          await killTree({ marker: [INCARNATION, overdue], graceMs: 2_000 })
        using _slot = await closes.take()
        return closeSession(context, { sessionId, inbox, why: finding.why })
      }
      case "end":
        if (living.run) await retire(living.run)
        return
      case "restate":
        return restate(context, session, inbox)
    }
  }

  function daemonAsFound(living: NotAlive, { sessionId, epoch }: Session, inbox: Inbox): Found["daemon"] {
    const spent = living.state === "silent" || epoch >= inbox.daemonEpoch || endedEarly.has(sessionId)
    const coming = !spent && mayCome(inbox)
    const as = `${living.state} ${coming} ${inbox.daemonEpoch}`
    const before = seen.get(sessionId)
    const since = before?.as === as ? before.since : performance.now()
    seen.set(sessionId, { as, since })
    const forMs = performance.now() - since
    return living.state === "silent"
      ? { state: "silent", forMs, stopped: isStopped(living.run.pid) }
      : { state: "dead", forMs, mayCome: coming }
  }

  const reconcileAlone = (entry: RegistryEntry): Promise<void> => {
    const { sessionId } = entry
    const running = reconciling.get(sessionId)
    if (running) return running
    const work = inBackground(
      alone(sessionId, () => reconcile(entry))
        .catch((error: unknown) => log({ event: "reconcile_failed", sessionId, ...errorFields(error) }))
        .finally(() => reconciling.delete(sessionId)),
    )
    reconciling.set(sessionId, work)
    return work
  }

  function inBackground<Result>(work: Promise<Result>): Promise<Result> {
    background.add(work)
    const done = () => background.delete(work)
    work.then(done, done)
    return work
  }

  return {
    ensure: (entry, options) => inBackground(ensureUntil(entry, options)),
    reconcile: reconcileAlone,
    alone: (sessionId, work) =>
      inBackground(alone(sessionId, async () => work(await readInbox(endpoint, sessionId, patience)))),
    async retire(sessionId) {
      const { run, state } = await livenessOf(home.path, sessionId)
      if (run !== null && state !== "dead") await retire(run)
    },
    async settled() {
      while (background.size > 0) await Promise.allSettled(background)
    },
  }
}
