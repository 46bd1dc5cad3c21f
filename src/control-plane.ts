/** The control plane over the streams: asks by appending, knows by replaying, keeps nothing of its own. */
import { catalogue } from "#daemon/agents/catalogue"
import { type Decision, parseEvent } from "#streams/event"
import { follow } from "#streams/follow"
import { messageIdOf, newMessageId, newSessionId, type SessionId, sessionIdOf } from "#streams/ids"
import { isDue } from "#streams/limit"
import { paths } from "#streams/paths"
import { type RegistryEntry, SessionRow, sessionRowChange } from "#streams/registry"
import { type Item, lastLineOf, needsDaemon, type Session } from "#streams/session"
import { changedLimits, type LimitChange, type Limits } from "#streams/session-limits"
import { appendTo, createStream } from "#streams/stream"
import { addressOf, authorization, StreamError, wait } from "#streams/transport"
import { agentTypes } from "./agent-types.ts"
import { agentEnvironment } from "./config.ts"
import type { Daemons, EnsureOptions } from "./daemons.ts"
import { readInbox } from "./grant.ts"
import { errorFields } from "./log.ts"
import { type ControlPlane, Problem } from "./plane.ts"
import type { PlaneContext } from "./plane-context.ts"
import { checkedPrompt } from "./prompt.ts"
import { checkedWorkingDir } from "./working-dir.ts"

const TAIL = 200
const LIST = 500
/** A turn that is cancelled ends by itself, or is given up after five seconds; then its processes are swept. */
const CANCEL_LIMIT_MS = 12_000
/** How often a session that somebody follows is asked whether its daemon lives. */
const LOOK_MS = 2_000

/** Once the control plane is being disposed, whatever was started is waited for; nothing is cut off. */
export function controlPlane(
  context: PlaneContext,
  daemons: Daemons,
): Omit<ControlPlane, keyof AsyncDisposable> {
  const { endpoint, folds, patience, log } = context

  async function entryOf(sessionId: SessionId): Promise<RegistryEntry> {
    const { value } = await folds.registry()
    const entry = value.get(sessionId)
    if (entry) return entry
    throw new Problem(
      "unknown_session",
      `There is no session ${sessionId} here: \`agentz ls\` shows those there are.`,
    )
  }

  const ask = (sessionId: SessionId, command: Record<string, unknown>) =>
    appendTo(endpoint, paths.inbox(sessionId), [{ at: new Date().toISOString(), ...command }], patience)

  /** Starts what the request needs; what goes wrong is said in the session and in the log, not to the caller. */
  const wake = (entry: RegistryEntry, options: EnsureOptions) => {
    daemons
      .ensure(entry, options)
      .catch((error: unknown) =>
        log({ event: "start_failed", sessionId: entry.sessionId, ...errorFields(error) }),
      )
  }

  /** The folded session, true as to whether its daemon lives: now, or as of the last look where we are watching. */
  async function present(sessionId: SessionId, { now = !context.watching } = {}) {
    const entry = await entryOf(sessionId)
    const folded = await folds.session(sessionId)
    const stirs = needsDaemon(folded.value.status) || isDue(folded.value, Date.now())
    if (!now || !stirs) return { entry, ...folded }
    await daemons.reconcile(entry)
    return { entry, ...(await folds.session(sessionId)) }
  }

  /** A session at rest goes nowhere, but for one that waits for a limit to be lifted. */
  async function stopWaiting({ entry, value }: { readonly entry: RegistryEntry; readonly value: Session }) {
    const { sessionId, status, limit } = value
    if (!limit?.resumes || limit.turnId === null) return { sessionId, status }
    await ask(sessionId, { type: "stop_waiting", turnId: limit.turnId })
    for (let waited = 0; waited < CANCEL_LIMIT_MS; waited += 50) {
      await daemons.reconcile(entry)
      const { value: now } = await folds.session(sessionId)
      if (!now.limit?.resumes) return { sessionId, status: now.status }
      await wait(50)
    }
    return { sessionId, status }
  }

  return {
    async spawn(request) {
      const { agentType, prompt, workingDir, model, title, permissionMode = "ask" } = request
      const { onLimit, idempotencyKey } = request
      const profile = catalogue[agentType]
      if (!profile) {
        const known = Object.keys(catalogue).join(", ")
        throw new Problem("unknown_agent", `There is no agent "${agentType}": choose one of ${known}.`)
      }
      const text = checkedPrompt(prompt)
      const directory = await checkedWorkingDir(workingDir, context.home.path)
      const { needs } = await profile.preflight(agentEnvironment())
      if (needs.length > 0) throw new Problem("agent_not_ready", needs.join(" "))

      const sessionId = idempotencyKey === undefined ? newSessionId() : await sessionIdOf(idempotencyKey)
      if (idempotencyKey !== undefined && (await folds.registry()).value.has(sessionId)) return { sessionId }
      const row = {
        sessionId,
        agentType,
        workingDir: directory,
        ...(model !== undefined && { model }),
        title: title?.trim() || titleOf(text),
        permissionMode,
        ...(onLimit !== undefined && { onLimit }),
        ...limitsFor(context.limits, request.limits),
        createdAt: new Date().toISOString(),
      }
      await guarded(async () => {
        await createStream(endpoint, paths.inbox(sessionId), patience)
        await createStream(endpoint, paths.events(sessionId), patience)
        const messageId = await messageIdOf(sessionId, "first")
        await ask(sessionId, { type: "user_message", messageId, text, mode: "queue" })
        await appendTo(endpoint, paths.registry, [sessionRowChange(row)], patience)
      })
      wake({ ...row, status: "starting", activity: null }, { resume: false })
      return { sessionId }
    },

    async sendMessage({ sessionId, text: given, mode = "queue", idempotencyKey }) {
      const text = checkedPrompt(given)
      const entry = await guarded(() => entryOf(sessionId))
      const messageId =
        idempotencyKey === undefined ? newMessageId() : await messageIdOf(sessionId, idempotencyKey)
      await guarded(() => ask(sessionId, { type: "user_message", messageId, text, mode }))
      wake(entry, { resume: false, until: ({ taken }) => taken.includes(messageId) })
      return { messageId }
    },

    cancel: (sessionId) =>
      guarded(async () => {
        const before = await present(sessionId, { now: true })
        if (!needsDaemon(before.value.status)) return await stopWaiting(before)
        await ask(sessionId, { type: "cancel_requested" })
        const turns = before.value.turns
        for (let waited = 0; waited < CANCEL_LIMIT_MS; waited += 50) {
          const { value } = await folds.session(sessionId)
          // The next message of the queue may be running already: the turn that was cancelled is over all the same.
          if (!needsDaemon(value.status)) return { sessionId, status: value.status }
          if (value.turns > turns && turns > 0) return { sessionId, status: "cancelled" as const }
          await wait(50)
        }
        const { value } = await present(sessionId, { now: true })
        return { sessionId, status: value.status }
      }),

    approve: ({ sessionId, requestId, decision }) =>
      guarded(async () => {
        const entry = await entryOf(sessionId)
        const { value: session } = await folds.session(sessionId)
        if (!session.approvals.some((open) => open.requestId === requestId)) {
          const settled = session.items.find((item) => item.type === "permission" && item.key === requestId)
          return settledAnswer(requestId, decision, settled)
        }
        const answered = async () => {
          const { commands } = await readInbox(endpoint, sessionId, patience)
          const first = commands.find(
            (one) => one.type === "permission_response" && one.requestId === requestId,
          )
          return first?.type === "permission_response" ? first.decision : null
        }
        if ((await answered()) === null)
          await ask(sessionId, { type: "permission_response", requestId, decision })
        const standing = (await answered()) ?? decision
        const settled = ({ approvals }: Session) => approvals.every((open) => open.requestId !== requestId)
        wake(entry, { resume: true, until: settled })
        return { requestId, decision: standing }
      }),

    resume: (sessionId) =>
      guarded(async () => {
        const { entry, value } = await present(sessionId, { now: true })
        const resumable =
          value.status === "interrupted" || value.status === "failed" || value.queue.length > 0
        if (!resumable)
          throw new Problem(
            "nothing_to_resume",
            needsDaemon(value.status)
              ? `Session ${sessionId} is ${value.status}: there is nothing to resume.`
              : `Session ${sessionId} is ${value.status}: send it a message to go on.`,
          )
        const resume = value.status === "interrupted" || value.status === "failed"
        return { sessionId, epoch: await daemons.ensure(entry, { resume }) }
      }),

    getSession: ({ sessionId, tail = TAIL, before }) =>
      guarded(async () => {
        const { entry, value, offset } = await present(sessionId)
        const { items, ...session } = value
        const until = before === undefined ? items.length : items.findIndex(({ seq }) => seq >= before)
        const end = until < 0 ? items.length : until
        const start = Math.max(0, end - tail)
        const { agentType, workingDir, model, permissionMode, title, limits = {} } = entry
        return {
          session: { ...session, agentType, workingDir, model: model ?? null, permissionMode, title, limits },
          items: items.slice(start, end),
          offset,
          hasMore: start > 0,
        }
      }),

    listSessions: ({ status, query, limit = LIST, cursor }) =>
      guarded(async () => {
        if (!context.watching) await reconcileActive()
        const { value, offset } = await folds.registry()
        const words = query?.toLowerCase().trim() ?? ""
        const found = [...value.values()].reverse().filter((entry) => {
          const text =
            `${entry.title} ${entry.workingDir} ${entry.agentType} ${entry.sessionId}`.toLowerCase()
          return (status === undefined || entry.status === status) && text.includes(words)
        })
        const from = cursor === undefined ? 0 : found.findIndex(({ sessionId }) => sessionId === cursor) + 1
        const sessions = found.slice(from, from + limit)
        const last = sessions.at(-1)?.sessionId
        const more = from + limit < found.length && last !== undefined
        return { sessions, offset, ...(more && { cursor: last }) }
      }),

    async *follow({ sessionId, offset, signal }) {
      await guarded(() => entryOf(sessionId))
      const batches = follow({
        url: () => addressOf(endpoint(), paths.events(sessionId)),
        headers: () => authorization(endpoint()),
        offset,
        signal,
      })
      // Whoever waits for a session hears of its daemon's death, also where no API keeps watch.
      const look = () =>
        present(sessionId).catch((error) => log({ event: "look_failed", ...errorFields(error) }))
      const looking = context.watching ? undefined : setInterval(look, LOOK_MS)
      try {
        for await (const batch of batches) {
          for (const item of batch.items) {
            const event = parseEvent(item)
            if (event) yield { event, offset: batch.offset }
          }
        }
      } finally {
        clearInterval(looking)
      }
    },

    setLimits: ({ sessionId, limits: change }) =>
      guarded(async () => {
        const entry = await entryOf(sessionId)
        const limits = changedLimits(entry.limits ?? {}, change)
        // The row is for daemons to come, the command for the one that lives.
        const row = SessionRow.parse({ ...entry, limits })
        await appendTo(endpoint, paths.registry, [sessionRowChange(row)], patience)
        await ask(sessionId, { type: "set_limits", limits })
        return { sessionId, limits }
      }),

    agentTypes: () => agentTypes(),
  }

  async function reconcileActive(): Promise<void> {
    const { value } = await folds.registry()
    await Promise.all([...value.values()].filter(({ status }) => needsDaemon(status)).map(daemons.reconcile))
  }
}

function settledAnswer(
  requestId: Parameters<ControlPlane["approve"]>[0]["requestId"],
  decision: Decision,
  settled: Item | undefined,
) {
  if (settled?.type !== "permission")
    throw new Problem(
      "unknown_request",
      `There is no request ${requestId} in this session: \`agentz show\` lists those that wait.`,
    )
  if (settled.decision === decision) return { requestId, decision }
  throw new Problem(
    "request_settled",
    `Request ${requestId} was settled before (${settled.decision ?? "cancelled"}); the first answer stands.`,
  )
}

function limitsFor(defaults: Limits, change: LimitChange = {}): { readonly limits?: Limits } {
  const limits = changedLimits(defaults, change)
  return Object.keys(limits).length === 0 ? {} : { limits }
}

const titleOf = (prompt: string): string => {
  const line = prompt.trim().split("\n")[0] ?? ""
  return line.length <= 80 ? line : `${lastLineOf(line.slice(0, 79))}…`
}

/** A stream server that is away or full is a problem with a remedy, not a fault of ours. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    if (error.code === "full") throw new Problem("storage_full", error.message, { cause: error })
    if (error.code === "unavailable" || error.code === "unauthorized")
      throw new Problem("storage_unavailable", `${error.message} Nothing was changed; try again.`, {
        cause: error,
      })
    throw error
  }
}
