/**
 * An attempt that is a session: of an agent, or of a program. The session is named by the attempt, so starting it
 * again finds it; its daemon knows nothing of workers, and outlives them.
 */
import { resolve } from "node:path"
import { machineName } from "#daemon/process/machine"
import { type MessageId, messageIdOf, type SessionId } from "#streams/ids"
import { needsDaemon, type Session } from "#streams/session"
import { wait } from "#streams/transport"
import type { Body } from "#streams/workflow/definition"
import { durationMs } from "#streams/workflow/duration"
import type { StepUsage } from "#streams/workflow/event"
import { COMMAND_AGENT, type Program } from "#streams/workflow/program"
import { attemptKey } from "#streams/workflow/run"
import { DEFAULT_AGENT } from "#streams/workflow/step-body"
import type { Reach } from "../../control/reach.ts"
import { spawnSession } from "../../control/spawning.ts"
import { closeSession } from "../../daemons/close.ts"
import { isOnAnotherHost } from "../../daemons/finding.ts"
import type { Daemons } from "../../daemons.ts"
import { livenessOf } from "../../liveness.ts"
import { errorFields } from "../../log.ts"
import type { ControlPlane, SpawnRequest } from "../../plane.ts"
import type { PlaneContext } from "../../plane-context.ts"
import { Problem } from "../../problem.ts"
import type { Attempt, Attended, Finding, HeldElsewhere } from "./attempt.ts"
import { isEnd } from "./attempt.ts"
import type { Rows } from "./rows.ts"
import { findingOf } from "./session-finding.ts"
import { classOf, standingOf } from "./standing.ts"

export interface SessionStepDeps {
  readonly context: PlaneContext
  readonly plane: Pick<ControlPlane, "cancel" | "sendMessage">
  readonly reach: Reach
  readonly daemons: Daemons
  /** Of the registry of sessions. */
  readonly sessions: Rows<unknown>
}

export type SessionBody = Extract<Body, { kind: "agent" | "command" }>

export interface SessionAttempt extends Attempt<SessionBody> {
  /** The session to go on in. */
  readonly session: SessionId | null
  /** The host of the worker that began it. */
  readonly begunOn: string | null
  readonly workingDir: string
  readonly title: string
  /** A later step goes on in it. */
  readonly isGoneOnIn: boolean
  /** What former attempts used in the same session. */
  readonly usedBefore: StepUsage
}

/** How often a session is looked at though nothing is heard of it. */
const LOOK_MS = 2_000
/** A daemon that is silent for so long is told of. */
const STALLED_MS = 4_000
/** On another host a daemon that lives has ended by then what it is asked to end. */
const AWAY_LIMIT_MS = 15_000

export function attendSession(deps: SessionStepDeps, attempt: SessionAttempt): Attended {
  const { context, daemons, sessions } = deps
  const { folds, home, log } = context
  const closing = new AbortController()
  const { signal } = closing
  let silentSince: number | null = null
  let told = ""
  let over = false

  const report = (finding: Finding) => {
    const text = JSON.stringify(finding)
    if (over || signal.aborted || text === told) return
    // An attempt that begins is at work: only after it waited is that worth saying.
    if (finding.type === "going" && told === "") return
    told = text
    over = isEnd(finding)
    attempt.report(finding)
  }

  async function look(opened: Opened): Promise<void> {
    const { sessionId, messageId } = opened
    const { value: session } = await folds.session(sessionId)
    const standing = standingOf(session, messageId)
    if (standing.type === "working") return await lookAtDaemon(session)
    // What its daemon left running must not work beside the next attempt.
    if (standing.type === "lost") await daemons.reconcile(await deps.reach.entryOf(sessionId))
    report(await findingOf(context, attempt, { standing, session }))
  }

  async function lookAtDaemon({ sessionId, daemon }: Session): Promise<void> {
    const { state } = await livenessOf(home.path, sessionId)
    // The run was taken over from the host on which it began: what goes on there counts no more.
    const { begunOn } = attempt
    if (state === "dead" && begunOn !== machineName() && daemon !== null && daemon.host === begunOn)
      return await daemons.alone(sessionId, (inbox) =>
        closeSession(context, { sessionId, inbox, why: "taken_over" }),
      )
    silentSince = state === "silent" ? (silentSince ?? performance.now()) : null
    const forMs = silentSince === null ? 0 : performance.now() - silentSince
    if (forMs < STALLED_MS) report({ type: "going" })
    else if (!told.includes("stalled"))
      report({ type: "stalled", since: new Date(Date.now() - forMs).toISOString() })
  }

  const opening = openSession(deps, attempt, signal)
  const attending = (async () => {
    const opened = await opening
    if ("failed" in opened) return report(opened.failed)
    using row = sessions.watch(opened.sessionId)
    while (!over && !signal.aborted) {
      await look(opened).catch((error: unknown) => {
        log({ event: "step_look_failed", sessionId: opened.sessionId, ...errorFields(error) })
      })
      if (!over) await Promise.race([row.next(), wait(LOOK_MS, signal).catch(() => undefined)])
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) log({ event: "step_failed_to_open", ...errorFields(error) })
  })

  return {
    async stop() {
      over = true
      const opened = await opening
      const held = "failed" in opened ? null : await endSession(deps, opened)
      closing.abort()
      await attending
      return held
    },
    [Symbol.dispose]: () => closing.abort(),
  }
}

interface Opened {
  readonly sessionId: SessionId
  readonly messageId: MessageId
}

/** Starts the session, or finds it started. A stream server that is away is waited for. */
async function openSession(
  deps: SessionStepDeps,
  attempt: SessionAttempt,
  signal: AbortSignal,
): Promise<Opened | { readonly failed: Extract<Finding, { type: "failed" }> }> {
  for (;;) {
    try {
      return attempt.session === null
        ? await spawned(deps, attempt)
        : await sent(deps, attempt, attempt.session)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (!error.reason.startsWith("storage_"))
        return {
          failed: {
            type: "failed",
            error: { code: error.reason, class: classOf(error.reason), message: error.message },
          },
        }
    }
    await wait(1_000, signal)
  }
}

async function spawned({ context, reach }: SessionStepDeps, attempt: SessionAttempt): Promise<Opened> {
  const { runId, name, title, isGoneOnIn, body } = attempt
  const request: SpawnRequest = {
    ...requestOf(body),
    workingDir: resolve(attempt.workingDir, body.workingDir ?? "."),
    title: name.attempt > 1 ? `${title} (${name.attempt})` : title,
    onLimit: "wait",
    idempotencyKey: attemptKey(runId, name),
  }
  const { sessionId } = await spawnSession(context, reach, request, {
    step: { runId, ...name },
    // Nobody has anything more to ask of it.
    ...(!isGoneOnIn && { idleSeconds: 0 }),
  })
  return { sessionId, messageId: await messageIdOf(sessionId, "first") }
}

const requestOf = (body: SessionBody): SpawnRequest => {
  if (body.kind === "agent") {
    const { agent = DEFAULT_AGENT, prompt, model, mode, limits, workspace } = body
    return { agentType: agent, prompt, model, permissionMode: mode, limits, workspace }
  }
  const { command, env, timeout, workspace } = body
  const program: Program = {
    command,
    ...(env && { env }),
    ...(timeout !== undefined && { timeoutMs: durationMs(timeout) }),
  }
  return { agentType: COMMAND_AGENT, prompt: JSON.stringify(program), workspace }
}

async function sent(
  { context, plane }: SessionStepDeps,
  { runId, name, body }: SessionAttempt,
  sessionId: SessionId,
): Promise<Opened> {
  const idempotencyKey = attemptKey(runId, name)
  const messageId = await messageIdOf(sessionId, idempotencyKey)
  const { value } = await context.folds.session(sessionId)
  // Sending wakes a daemon, which nobody wants once the message is answered.
  if (!value.taken.includes(messageId) && body.kind === "agent")
    await plane.sendMessage({ sessionId, text: body.prompt, idempotencyKey })
  return { sessionId, messageId }
}

/**
 * Ends its turn, or keeps it from ever having one; whatever answers to nobody is ended by the system, which can do so
 * on this host alone.
 */
async function endSession(
  { context, plane, reach, daemons }: SessionStepDeps,
  opened: Opened,
): Promise<HeldElsewhere | null> {
  const { sessionId, messageId } = opened
  const began = performance.now()
  const now = async (): Promise<Session> => (await context.folds.session(sessionId)).value
  if (!(await now()).taken.includes(messageId)) await reach.ask(sessionId, { type: "withdraw", messageId })
  await plane.cancel(sessionId)
  for (let session = await now(); needsDaemon(session.status); session = await now()) {
    const { daemon, updatedAt } = session
    const isAway = daemon !== null && isOnAnotherHost(session, machineName())
    if (isAway && performance.now() - began > AWAY_LIMIT_MS)
      return { sessionId, host: daemon.host, heardAt: updatedAt ?? "" }
    await daemons.retire(sessionId)
    await daemons.reconcile(await reach.entryOf(sessionId))
    await wait(200)
  }
  return null
}
