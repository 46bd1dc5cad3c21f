/**
 * Archiving: a session at rest keeps its transcript as whole messages in a stream of its own, and its events without
 * end are let go; a message or `unarchive` brings them back. There is never a moment without a whole copy that the
 * registry names, whatever is killed:
 *
 *     archive    grant · close `events` · copy to `archive-EPOCH` · compare · row names the copy · delete `events`
 *     unarchive  grant · fence the row · make `events` anew from the copy · compare · row names none · delete the copy
 *
 * The row is written under the granted epoch, so one who was overtaken is refused by the registry before it deletes
 * anything. A copy's name is never used twice. `events` is closed before it is copied, so no daemon slips in behind.
 */
import { isDeepStrictEqual } from "node:util"
import { isSame } from "#daemon/process/identity"
import { bodiesOf } from "#streams/batches"
import { compacted } from "#streams/compact"
import { parseEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { type ArchiveRow, activityRowChange, archiveRowChange, type RegistryEntry } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { appendAs, closeStream, createStream, deleteStream, isClosed, readToTail } from "#streams/stream"
import { StreamError } from "#streams/transport"
import { grantEpoch, type Inbox, readInbox } from "./grant.ts"
import type { PlaneContext } from "./plane-context.ts"
import { Problem } from "./problem.ts"

export function archiveOf({ endpoint, folds, patience, log }: PlaneContext) {
  const producerOf = (sessionId: SessionId, epoch: number, seq: number) => ({ id: sessionId, epoch, seq })

  async function itemsOf(name: string): Promise<unknown[] | null> {
    const items: unknown[] = []
    try {
      for await (const batch of readToTail(endpoint, name, patience)) items.push(...batch.items)
      return items
    } catch (error) {
      if (error instanceof StreamError && error.code === "stream_missing") return null
      throw error
    }
  }

  async function granted(sessionId: SessionId, inbox: Inbox): Promise<number> {
    const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
    if (grant === null) throw busy(sessionId)
    return grant.epoch
  }

  /** Makes the stream and fills it; throws unless it then holds exactly these. */
  async function write(name: string, items: readonly unknown[], { sessionId, epoch }: Writer): Promise<void> {
    await createStream(endpoint, name, patience)
    let seq = 0
    for (const body of bodiesOf(items))
      await appendAs(producerOf(sessionId, epoch, seq++), endpoint, name, { ...patience, body })
    if (!isDeepStrictEqual(await itemsOf(name), items)) throw busy(sessionId)
  }

  /** With the session's activity as it was, so that nobody takes our own grant for something that was asked. */
  async function say(row: ArchiveRow, { sessionId, activity }: RegistryEntry): Promise<void> {
    const { offset } = await readInbox(endpoint, sessionId, patience)
    const same = activity && activityRowChange({ ...activity, epoch: row.epoch, inboxOffset: offset })
    const body = JSON.stringify([archiveRowChange(row), ...(same ? [same] : [])])
    const producer = producerOf(sessionId, row.epoch, 1)
    await appendAs(producer, endpoint, paths.registry, { ...patience, body })
  }

  /** A row that changes nothing: from here on no lower epoch can change it. */
  async function fence({ sessionId, epoch }: Writer): Promise<ArchiveRow | null> {
    const headers = { operation: "upsert" }
    const body = JSON.stringify([{ type: "fence", key: sessionId, value: { epoch }, headers }])
    await appendAs(producerOf(sessionId, epoch, 0), endpoint, paths.registry, { ...patience, body })
    return (await folds.registry()).value.get(sessionId)?.archive ?? null
  }

  async function archive(entry: RegistryEntry, inbox: Inbox): Promise<ArchiveRow> {
    const { sessionId } = entry
    const epoch = await granted(sessionId, inbox)
    const before = await fence({ sessionId, epoch })
    if (before?.stream) return before
    const events = paths.events(sessionId)
    await closeStream(endpoint, events, { ...patience, producer: producerOf(sessionId, epoch, 0) })
    const whole = (await itemsOf(events)) ?? []
    const short = compacted(whole)
    // What this version does not understand well enough to shorten is kept as it is.
    const items = sameTranscript(sessionId, whole, short) ? short : whole
    const stream = paths.archive(sessionId, epoch)
    await write(stream, items, { sessionId, epoch })
    const row = { sessionId, epoch, archivedAt: new Date().toISOString(), stream }
    await say(row, entry)
    await deleteStream(endpoint, events, patience)
    log({ event: "session_archived", sessionId, epoch, events: whole.length, kept: items.length })
    return row
  }

  /** Brings `events` back from the archive. */
  async function restore(entry: RegistryEntry, inbox: Inbox): Promise<void> {
    const { sessionId } = entry
    const epoch = await granted(sessionId, inbox)
    const row = await fence({ sessionId, epoch })
    const events = paths.events(sessionId)
    if (!row?.stream) return
    // Whoever archived it deletes `events` last: while that process lives, it may still do so.
    const archivist = inbox.commands.find((one) => one.type === "starting" && one.epoch === row.epoch)
    const by = archivist?.type === "starting" ? archivist.by : undefined
    if (by !== undefined && isSame(by) && by.pid !== process.pid && (await itemsOf(events)) !== null)
      throw busy(sessionId)
    const items = await itemsOf(row.stream)
    if (items === null) throw new Error(`The archive ${row.stream} is gone.`)
    await deleteStream(endpoint, events, patience)
    await write(events, items, { sessionId, epoch })
    await say({ sessionId, epoch, archivedAt: null, stream: null }, entry)
    await deleteStream(endpoint, row.stream, patience)
    log({ event: "session_unarchived", sessionId, epoch, events: items.length })
  }

  /** Makes sure that the session can go on, and tells whether it could not: also where an archiving was killed between its close and its row. */
  async function reopen(entry: RegistryEntry): Promise<boolean> {
    const { sessionId } = entry
    if (!entry.archive?.stream) {
      if (!(await isClosed(endpoint, paths.events(sessionId), patience))) return false
      await archive(entry, await readInbox(endpoint, sessionId, patience))
    }
    await restore(entry, await readInbox(endpoint, sessionId, patience))
    return true
  }

  return { archive, reopen }
}

interface Writer {
  readonly sessionId: SessionId
  readonly epoch: number
}

const busy = (sessionId: SessionId) =>
  new Problem("session_busy", `Session ${sessionId} is being worked with at this moment: try again.`)

function sameTranscript(sessionId: SessionId, one: readonly unknown[], other: readonly unknown[]): boolean {
  const fold = (items: readonly unknown[]): Session => ({
    ...foldSession(
      emptySession(sessionId),
      items.map(parseEvent).filter((event) => event !== null),
    ),
    // The line that a list shows meanwhile; its row has it.
    lastLine: "",
  })
  return isDeepStrictEqual(fold(one), fold(other))
}
