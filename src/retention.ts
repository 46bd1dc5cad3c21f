/** What old sessions cost, and forgetting them: never one that lives, waits for somebody, or holds what is not in its stream yet. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { filesOf } from "#daemon/home"
import { machineName } from "#daemon/process/machine"
import { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { type RegistryEntry, rowRemovals } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { eventsAfter } from "#streams/spool"
import { appendTo, deleteStream, textOf } from "#streams/stream"
import { StreamError } from "#streams/transport"
import { archiveOf } from "./archive.ts"
import { untaken } from "./daemons/asked.ts"
import { slots } from "./daemons/order.ts"
import type { Daemons } from "./daemons.ts"
import { snapshotsIn } from "./folds/snapshots.ts"
import { grantEpoch, readInbox } from "./grant.ts"
import { livenessOf } from "./liveness.ts"
import type { PlaneContext } from "./plane-context.ts"
import { Problem } from "./problem.ts"
import { dropWorktree, forgetCheckpoints, workOnlyIn } from "./workspaces/reclaim.ts"

export interface SessionCost {
  readonly sessionId: SessionId
  /** Of its streams, as text. */
  readonly streamBytes: number
  /** Of its log and spool on this machine. */
  readonly fileBytes: number
}

export interface PruneRequest {
  /** Only sessions that nothing happened in for so long. */
  readonly olderThanMs: number
  /** These and no others, however young. */
  readonly sessionIds?: readonly SessionId[] | undefined
  readonly dryRun: boolean
}

export interface Pruned {
  readonly dryRun: boolean
  readonly pruned: readonly (SessionCost & { readonly title: string; readonly updatedAt: string })[]
  /** Old enough, or named, and kept all the same. */
  readonly kept: readonly { readonly sessionId: SessionId; readonly title: string; readonly why: string }[]
}

/** Reads at once; more would only make each other slow. */
const AT_ONCE = 8
/** In a session's directory while it is being forgotten: a prune that was cut off is gone on with by the next one. */
const MARK = "pruning"

export interface RetentionOptions {
  /** Runs what takes a work tree down before it goes. Gives why it has to stay. */
  readonly takeDown: (entry: RegistryEntry) => Promise<string | null>
  readonly now?: () => number
}

export function retentionOf(
  context: PlaneContext,
  daemons: Daemons,
  { takeDown, now = Date.now }: RetentionOptions,
) {
  const { endpoint, folds, home, log, patience } = context
  const free = slots(AT_ONCE)
  const archives = archiveOf(context)

  async function costOf(sessionId: SessionId): Promise<SessionCost> {
    using _slot = await free.take()
    const { bytes } = await streamsOf(sessionId)
    return { sessionId, streamBytes: bytes, fileBytes: filesBytes(filesOf(home.path, sessionId).dir) }
  }

  /** Every stream of the session that is named anywhere, and their size; what is not there costs nothing. */
  async function streamsOf(sessionId: SessionId): Promise<{ names: readonly string[]; bytes: number }> {
    const names = new Set<string>()
    const own = new RegExp(`${sessionId}/[a-z][a-z0-9_-]{0,63}`, "g")
    let bytes = 0
    const read = async (name: string) => {
      try {
        for await (const text of textOf(endpoint, name, patience)) {
          bytes += Buffer.byteLength(text)
          for (const [found] of text.matchAll(own)) names.add(found)
        }
      } catch (error) {
        if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
      }
    }
    const main = [paths.inbox(sessionId), paths.events(sessionId)]
    for (const name of main) await read(name)
    for (const epoch of await epochsOf(sessionId)) names.add(paths.archive(sessionId, epoch))
    const others = [...names].filter((name) => !main.includes(name))
    for (const name of others) await read(name)
    // The one that names the others goes last.
    return { names: [...others, ...main], bytes }
  }

  /** Each that was granted may have left a copy behind. */
  async function epochsOf(sessionId: SessionId): Promise<number[]> {
    try {
      const { epoch } = await readInbox(endpoint, sessionId, patience)
      return Array.from({ length: epoch }, (_, n) => n + 1)
    } catch (error) {
      if (error instanceof StreamError && error.code === "stream_missing") return []
      throw error
    }
  }

  /** Why the session has to stay; `null` when nothing would be lost but the session itself. */
  async function reasonToStay(entry: RegistryEntry): Promise<string | null> {
    const { sessionId } = entry
    if ((await livenessOf(home.path, sessionId)).state !== "dead") return "its daemon is alive"
    const { value: session } = await folds.session(sessionId)
    if (needsDaemon(session.status)) return `it is ${session.status}`
    if (session.daemon !== null && session.daemon.host !== machineName())
      return `it ran on ${session.daemon.host}: prune it there`
    if (session.approvals.length > 0) return "a question of it waits for an answer"
    if (session.limit?.resumes)
      return "it waits for a limit to be lifted, then goes on (`agentz cancel` ends that)"
    const inbox = await readInbox(endpoint, sessionId, patience)
    if (session.queue.length > 0 || untaken(session, inbox).length > 0) return "a message waits in it"
    const { spool } = filesOf(home.path, sessionId)
    if (existsSync(spool) && eventsAfter(session.seq, readFileSync(spool, "utf8")).length > 0)
      return "its spool holds events that are not in its stream yet"
    return null
  }

  async function forget(entry: RegistryEntry): Promise<boolean> {
    const { sessionId } = entry
    return daemons.alone(sessionId, async (inbox) => {
      // Whoever starts a daemon at this moment is granted the epoch in our place.
      const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
      if (grant === null || ((await reasonToStay(entry)) ?? (await workOnlyIn(entry))) !== null) return false
      const { dir } = filesOf(home.path, sessionId)
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      writeFileSync(join(dir, MARK), "", { mode: 0o600 })
      await appendTo(endpoint, paths.registry, rowRemovals(sessionId), patience)
      await erase(sessionId)
      await dropWorktree(entry)
      return true
    })
  }

  async function erase(sessionId: SessionId): Promise<void> {
    await forgetCheckpoints(home.path, sessionId)
    for (const name of (await streamsOf(sessionId)).names) await deleteStream(endpoint, name, patience)
    await snapshotsIn(home.path).drop(sessionId)
    rmSync(filesOf(home.path, sessionId).dir, { recursive: true, force: true })
    log({ event: "session_pruned", sessionId })
  }

  /** What an earlier prune was killed in the middle of. */
  async function finishEarlier(known: ReadonlyMap<SessionId, RegistryEntry>): Promise<void> {
    const dirs = existsSync(join(home.path, "sessions")) ? readdirSync(join(home.path, "sessions")) : []
    for (const name of dirs) {
      const sessionId = SessionId.safeParse(name).data
      if (sessionId === undefined || !existsSync(join(filesOf(home.path, sessionId).dir, MARK))) continue
      if (known.has(sessionId)) rmSync(join(filesOf(home.path, sessionId).dir, MARK))
      else await erase(sessionId)
    }
  }

  /** The session at rest and its daemon gone, so that it can be archived. Throws {@link Problem}. */
  async function resting(entry: RegistryEntry): Promise<void> {
    const { sessionId } = entry
    const { value: session } = await folds.session(sessionId)
    // One that idles may end; one that works may not.
    if (!needsDaemon(session.status)) await daemons.retire(sessionId)
    const why = needsDaemon(session.status) ? `it is ${session.status}` : await reasonToStay(entry)
    if (why !== null)
      throw new Problem("session_busy", `Session ${sessionId} cannot be archived now: ${why}.`)
  }

  return {
    async archive(sessionId: SessionId, entryOf: (sessionId: SessionId) => Promise<RegistryEntry>) {
      const entry = await entryOf(sessionId)
      if (entry.archivedAt !== undefined) return { sessionId, archivedAt: entry.archivedAt }
      await resting(entry)
      const row = await daemons.alone(sessionId, async (inbox) =>
        archives.archive(await entryOf(sessionId), inbox),
      )
      return { sessionId, archivedAt: row.archivedAt ?? "" }
    },

    unarchive: (entry: RegistryEntry) => daemons.alone(entry.sessionId, () => archives.reopen(entry)),

    sizes: (sessionIds: readonly SessionId[]): Promise<readonly SessionCost[]> =>
      Promise.all(sessionIds.map(costOf)),

    async prune({ olderThanMs, sessionIds, dryRun }: PruneRequest): Promise<Pruned> {
      const { value } = await folds.registry()
      if (!dryRun) await finishEarlier(value)
      const wanted = sessionIds && new Set(sessionIds)
      const candidates = [...value.values()].filter((entry) =>
        wanted ? wanted.has(entry.sessionId) : now() - Date.parse(lastSignOf(entry)) >= olderThanMs,
      )
      const pruned: Pruned["pruned"][number][] = []
      const kept: Pruned["kept"][number][] = []
      for (const entry of candidates) {
        const { sessionId, title } = entry
        const stays = (await reasonToStay(entry)) ?? (await workOnlyIn(entry))
        const why = stays ?? (dryRun ? null : await takeDown(entry))
        const cost = why === null ? await costOf(sessionId) : null
        const gone = cost !== null && (dryRun || (await forget(entry)))
        if (gone) pruned.push({ ...cost, title, updatedAt: lastSignOf(entry) })
        else kept.push({ sessionId, title, why: why ?? "it was asked for something just now" })
      }
      return { dryRun, pruned, kept }
    },
  }
}

const lastSignOf = ({ activity, createdAt }: RegistryEntry): string => activity?.updatedAt || createdAt

const filesBytes = (dir: string): number =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, encoding: "utf8" }).reduce(
        (sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      )
    : 0
