/** The control plane over the streams: asks by appending, knows by replaying, keeps nothing of its own. */
import { parseEvent } from "#streams/event"
import { follow } from "#streams/follow"
import { messageIdOf, newMessageId } from "#streams/ids"
import { paths } from "#streams/paths"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon, type Session } from "#streams/session"
import { addressOf, authorization, wait } from "#streams/transport"
import { agentTypes } from "./agent-types.ts"
import { approving } from "./control/approving.ts"
import { guarded } from "./control/guarded.ts"
import { keepAttachments, messages } from "./control/messages.ts"
import { reachOf } from "./control/reach.ts"
import { retaining } from "./control/retaining.ts"
import { setting } from "./control/setting.ts"
import { spawnSession } from "./control/spawning.ts"
import type { Daemons } from "./daemons.ts"
import { filesOf } from "./files/files.ts"
import { errorFields } from "./log.ts"
import type { ControlPlane } from "./plane.ts"
import type { PlaneContext } from "./plane-context.ts"
import { Problem } from "./problem.ts"
import { checkedPrompt } from "./prompt.ts"
import { searchOf } from "./search.ts"
import { storageReport } from "./storage.ts"
import { checkedWorkingDir } from "./working-dir.ts"
import { bringingHome } from "./workspaces/bring-home.ts"
import { files } from "./workspaces/files.ts"
import { forking } from "./workspaces/fork.ts"
import { publishing } from "./workspaces/push.ts"
import type { Recovery } from "./workspaces/recover.ts"
import { recovering } from "./workspaces/recover-request.ts"
import { trusting } from "./workspaces/trusting.ts"

const TAIL = 200
const LIST = 500
/** A turn that is cancelled ends by itself, or is given up after five seconds; then its processes are swept. */
const CANCEL_LIMIT_MS = 12_000
/** How often a session that somebody follows is asked whether its daemon lives. */
const LOOK_MS = 2_000

/** Once the control plane is being disposed, whatever was started is waited for; nothing is cut off. */
export function controlPlane(
  context: PlaneContext,
  parts: { readonly daemons: Daemons; readonly recovery: Recovery },
): Omit<ControlPlane, keyof AsyncDisposable | "workflows"> {
  const { endpoint, folds, log } = context
  const { daemons } = parts
  const reach = reachOf(context, daemons)
  const { entryOf, ask, wake, present } = reach
  const search = searchOf(context)
  const findFiles = filesOf(context.home.path)

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
    spawn: (request) => spawnSession(context, reach, request),

    async sendMessage({ sessionId, text: given, mode = "queue", attachments, idempotencyKey }) {
      const text = checkedPrompt(given)
      const entry = await guarded(() => entryOf(sessionId))
      const messageId =
        idempotencyKey === undefined ? newMessageId() : await messageIdOf(sessionId, idempotencyKey)
      await guarded(async () => {
        const kept = await keepAttachments(context, sessionId, attachments)
        await ask(sessionId, { type: "user_message", messageId, text, mode, ...kept })
      })
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

    ...approving(context, reach),
    ...setting(context, reach),
    ...messages(context, reach),
    ...files(context, reach),
    ...forking(context, reach),
    ...trusting(context),
    ...bringingHome(context, reach),
    ...retaining(context, reach, daemons),
    ...publishing(context, reach),
    ...recovering(context, reach, parts),

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
        const { turns } = value
        // A daemon that lives is asked; one that has to be started is told.
        if (resume && turns > 0) await ask(sessionId, { type: "resume_requested", turns })
        const until = resume && turns > 0 ? (session: Session) => session.turns > turns : () => true
        return { sessionId, epoch: await daemons.ensure(entry, { resume, until }) }
      }),

    getSession: ({ sessionId, tail = TAIL, before }) =>
      guarded(async () => {
        const { entry, value, offset } = await present(sessionId)
        const { items, ...session } = value
        const until = before === undefined ? items.length : items.findIndex(({ seq }) => seq >= before)
        const end = until < 0 ? items.length : until
        const start = Math.max(0, end - tail)
        const { agentType, workingDir, model = null, permissionMode, title, limits = {}, startedBy } = entry
        const launched = { agentType, workingDir, model, permissionMode, title, limits, startedBy }
        return {
          session: { ...session, ...launched },
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

    search: (request) => guarded(() => search(request)),

    files: ({ where, ...request }) =>
      guarded(async () => {
        const given = "sessionId" in where ? (await entryOf(where.sessionId)).workingDir : where.workingDir
        return await findFiles(await checkedWorkingDir(given, context.home.path), request)
      }),

    async *follow({ sessionId, offset, signal }) {
      await guarded(() => entryOf(sessionId))
      const stream = await guarded(() => folds.streamOf(sessionId))
      const batches = follow({
        url: () => addressOf(endpoint(), stream),
        headers: () => authorization(endpoint()),
        // An archive is another stream: a place in the events means nothing in it. What comes again is known by `seq`.
        offset: stream === paths.events(sessionId) ? offset : undefined,
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

    storage: () => storageReport(context.home.path),

    agentTypes: () => agentTypes(context.home.path),
  }

  async function reconcileActive(): Promise<void> {
    const { value } = await folds.registry()
    await Promise.all([...value.values()].filter(({ status }) => needsDaemon(status)).map(daemons.reconcile))
  }
}
