/**
 * Publishes one session's events exactly once and in order, whatever is killed in between.
 *
 * An event is written to the spool first, then sent; one request at a time is in flight, repeated with the same
 * producer sequence until it is answered. The producer is the session, its epoch the one that was granted: a
 * writer whose epoch has passed is refused by the server and told so here.
 */
import { batchesOf } from "./batches.ts"
import { type Blob, writeBlob } from "./blob.ts"
import { errorText } from "./error-text.ts"
import { parseEvent, type SessionEvent, type Unstamped } from "./event.ts"
import { newEventId, type SessionId } from "./ids.ts"
import { paths } from "./paths.ts"
import { emptySession, type Session } from "./session.ts"
import { foldSession } from "./session-fold.ts"
import { eventsAfter, type Spool } from "./spool.ts"
import { appendAs, readToTail, START } from "./stream.ts"
import { type FindEndpoint, type Patience, StreamError } from "./transport.ts"

export interface PublisherOptions {
  readonly endpoint: FindEndpoint
  readonly sessionId: SessionId
  /** Granted by the control plane, never chosen. */
  readonly epoch: number
  readonly spool: Spool
  /** The first event under this epoch; sending it shuts out every older writer. `session` is what it follows. */
  readonly first: (session: Session) => readonly Unstamped[]
  readonly now?: () => string
  readonly signal?: AbortSignal
  readonly fetch?: typeof globalThis.fetch
  /** The store refused for good ({@link StreamError}): nothing more can be published. Called once. */
  readonly onFatal: (error: StreamError) => void
  /** Whether the store is behind: requests fail, or the spool is above its limit. */
  readonly onBehind?: (behind: boolean, reason: string) => void
}

export interface Publisher {
  /** The fold of everything published, sent or not. */
  readonly session: Session
  publish(event: Unstamped): SessionEvent
  /** Makes the blob durable before any event that is published after it. */
  keep(blob: Blob): void
  /** What waits to be sent, and how long the request on its way has waited for an answer. */
  readonly backlog: { readonly events: number; readonly bytes: number; readonly forMs: number }
  /** Resolves while less than 64 MiB waits to be sent: what feeds the publisher awaits it before reading on. */
  ready(): Promise<void>
  /** Resolves when the events up to `seq` are in the stream; rejects when that can no longer happen. */
  acknowledged(seq: number): Promise<void>
  /** Resolves when everything published so far is in the stream; rejects when that can no longer happen. */
  flushed(): Promise<void>
  /** Stops sending; what was not sent stays in the spool for the next writer. */
  [Symbol.dispose](): void
}

const SPOOL_LIMIT_BYTES = 64 * 1024 * 1024
const BATCH_EVENTS = 500

/**
 * Opens a publisher: sends what a former incarnation left in the spool and then `first`, and makes sure that no
 * older writer slipped anything in between. Throws `stale_epoch` when a newer epoch has spoken.
 */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const { endpoint, sessionId, epoch, spool, first, now = isoNow, signal } = options
  const name = paths.events(sessionId)
  const patience: Patience = {
    signal,
    fetch: options.fetch,
    onRetry: (reason) => options.onBehind?.(true, reason),
  }
  let producerSeq = 0

  const replay = async (from: Session, offset: string) => {
    let session = from
    let end = offset
    const ids: string[] = []
    for await (const batch of readToTail(endpoint, name, { ...patience, offset })) {
      const events = batch.items.map(parseEvent).filter((event) => event !== null)
      ids.push(...events.map(({ id }) => id))
      session = foldSession(session, events)
      end = batch.offset
    }
    return { session, end, ids }
  }

  let { session: told, end } = await replay(emptySession(sessionId), START)
  if (told.epoch >= epoch) throw new StreamError("stale_epoch", `A newer writer holds epoch ${told.epoch}.`)
  for (;;) {
    const left = eventsAfter(told.seq, spool.read())
    // Before the events that name them.
    for (const { name, bytes } of spool.blobs())
      await writeBlob(
        endpoint,
        { ref: { blob: `${sessionId}/${name}`, bytes: bytes.length }, bytes },
        patience,
      )
    const before = foldSession(told, left)
    const events = first(before).map((event, index) => stamp(event, before.seq + 1 + index, epoch, now()))
    for (const batch of batchesOf(
      [...left, ...events].map((event) => JSON.stringify(event)),
      BATCH_EVENTS,
    )) {
      await appendAs({ id: sessionId, epoch, seq: producerSeq++ }, endpoint, name, {
        ...patience,
        body: batch.body,
      })
    }
    const sent = [...left, ...events].map(({ id }) => id)
    const after = await replay(told, end)
    told = after.session
    end = after.end
    // The store refuses older epochs from our first append on, but one of them may have written after our replay
    // and before it: then our events repeat a `seq`, every fold ignores them, and they are said again.
    const heard = sent.every((id, index) => after.ids[index] === id)
    if (heard) break
  }
  spool.clear()
  options.onBehind?.(false, "")
  return startPublishing(options, told, producerSeq, patience)
}

function startPublishing(
  options: PublisherOptions,
  opened: Session,
  firstProducerSeq: number,
  patience: Patience,
): Publisher {
  const { endpoint, sessionId, epoch, spool, now = isoNow } = options
  const name = paths.events(sessionId)
  const stopped = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopped.signal]) : stopped.signal
  let session = opened
  let producerSeq = firstProducerSeq
  let waiting: (string | Blob)[] = []
  let waitingBytes = 0
  let spooledBytes = 0
  let spoolBroken = false
  let sending: Promise<void> | null = null
  let failure: unknown = null
  let behind: string | null = null
  let askedAt: number | null = null
  let held: (() => void)[] = []
  let waitingEvents = 0
  let awaited: { readonly seq: number; readonly settle: () => void }[] = []

  const full = () => waitingBytes >= SPOOL_LIMIT_BYTES || (spoolBroken && waiting.length > 0)
  const release = () => {
    for (const go of held) go()
    held = []
  }

  const isAcknowledged = (seq: number) => seq <= session.seq - waitingEvents
  const tellAwaited = () => {
    const due = awaited.filter(({ seq }) => failure !== null || isAcknowledged(seq))
    awaited = awaited.filter((one) => !due.includes(one))
    for (const { settle } of due) settle()
  }

  const setBehind = (next: boolean, reason: string) => {
    const why =
      waitingBytes >= SPOOL_LIMIT_BYTES ? "More than 64 MiB wait to be sent: the agent waits, too." : reason
    if (next ? why === behind : behind === null) return
    behind = next ? why : null
    options.onBehind?.(next, why)
  }

  async function send(): Promise<void> {
    const patient = { ...patience, signal, onRetry: (reason: string) => setBehind(true, reason) }
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      askedAt = performance.now()
      if (typeof first === "string") {
        const end = waiting.findIndex((one) => typeof one !== "string")
        const lines = (end < 0 ? waiting : waiting.slice(0, end)) as string[]
        const [batch] = batchesOf(lines, BATCH_EVENTS)
        if (!batch) return
        const producer = { id: sessionId, epoch, seq: producerSeq }
        await appendAs(producer, endpoint, name, { ...patient, body: batch.body })
        producerSeq += 1
        waiting = waiting.slice(batch.count)
        waitingEvents -= batch.count
        waitingBytes -= batch.bytes
        tellAwaited()
      } else {
        await writeBlob(endpoint, first, patient)
        waiting = waiting.slice(1)
        waitingBytes -= first.bytes.length
      }
      askedAt = null
      if (waiting.length === 0) {
        setBehind(false, "")
        // Emptied only now and then: truncating a file for each event would cost more than writing it.
        if (spooledBytes > 256 * 1024 || spoolBroken) clearSpool()
      }
      if (!full()) release()
    }
  }

  function clearSpool(): void {
    spool.clear()
    spooledBytes = 0
    spoolBroken = false
  }

  /** Into the spool, as long as it can be written. */
  function spooled(bytes: number, write: () => void): void {
    try {
      if (!spoolBroken) write()
      spooledBytes += bytes
    } catch (error) {
      // The disk is full: a spool with a hole is worthless, so go on in memory and hold the agent back.
      spoolBroken = true
      setBehind(true, errorText(error))
    }
  }

  function queue(one: string | Blob, bytes: number): void {
    waiting.push(one)
    if (typeof one === "string") waitingEvents += 1
    waitingBytes += bytes
    if (waitingBytes >= SPOOL_LIMIT_BYTES) setBehind(true, "")
    if (failure === null) keepSending()
  }

  function keepSending(): void {
    sending ??= send()
      .catch((error: unknown) => {
        failure = error
        release()
        tellAwaited()
        if (error instanceof StreamError && !stopped.signal.aborted) options.onFatal(error)
      })
      .finally(() => {
        sending = null
        if (waiting.length > 0 && failure === null) keepSending()
      })
  }

  return {
    get session() {
      return session
    },
    get backlog() {
      const forMs = askedAt === null ? 0 : performance.now() - askedAt
      return { events: waiting.length, bytes: waitingBytes, forMs }
    },
    publish(unstamped) {
      const event = stamp(unstamped, session.seq + 1, epoch, now())
      const line = JSON.stringify(event)
      session = foldSession(session, [event])
      spooled(line.length + 1, () => spool.append(`${line}\n`))
      queue(line, line.length)
      return event
    },
    keep(blob) {
      spooled(blob.bytes.length, () => spool.keep(blob))
      queue(blob, blob.bytes.length)
    },
    ready: () =>
      full() && failure === null
        ? new Promise<void>((resolve) => void held.push(resolve))
        : Promise.resolve(),
    async acknowledged(seq) {
      if (failure === null && !isAcknowledged(seq))
        await new Promise<void>((resolve) => void awaited.push({ seq, settle: resolve }))
      if (!isAcknowledged(seq)) throw failure
    },
    async flushed() {
      while (sending) await sending
      if (failure !== null) throw failure
      if (waiting.length === 0 && spooledBytes > 0) clearSpool()
    },
    [Symbol.dispose]() {
      stopped.abort(new StreamError("unavailable", "The publisher was closed."))
      spool[Symbol.dispose]()
    },
  }
}

const isoNow = () => new Date().toISOString()

const stamp = (event: Unstamped, seq: number, epoch: number, at: string): SessionEvent =>
  ({ id: newEventId(), seq, epoch, at, ...event }) as SessionEvent
