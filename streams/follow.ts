/**
 * Follows a stream for ever: reads to its tail, then live by SSE, and opens again at the last offset whenever a
 * connection ends, for whatever reason. Nothing is lost; what was delivered just before a cut may come twice, so
 * readers fold by `seq` or id. Runs in Node and in browsers.
 *
 * The stock client's live readers stop for good at the first connection that is cut in mid-body, which is why the
 * loop is ours.
 */
import { errorText } from "./error-text.ts"
import { deadline, serverSentEvents } from "./sse.ts"
import { type Batch, itemsOf, START } from "./stream.ts"
import { backoffMs, wait } from "./transport.ts"

export type FollowState =
  | { readonly state: "connecting" }
  /** Below the tail: history is being read. */
  | { readonly state: "catching_up" }
  | { readonly state: "live" }
  /** Away. Nothing is lost: it opens again at `offset`. */
  | { readonly state: "reconnecting"; readonly inMs: number; readonly reason: string }

export interface FollowOptions {
  /** The stream's address; asked anew at each opening, since a server may come back elsewhere. */
  readonly url: () => string
  readonly headers?: () => Readonly<Record<string, string>>
  readonly offset?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly onState?: (state: FollowState) => void
}

/** A refusal that opening again would not change: wrong token, no such stream. */
export class FollowRefused extends Error {
  override readonly name = "FollowRefused"
  readonly status: number
  constructor(status: number) {
    super(
      status === 404 || status === 410
        ? "There is no such stream."
        : `The stream server refused to be read (${status}).`,
    )
    this.status = status
  }
}

/** `closed`: the stream has ended and this was the last of it. */
type LiveBatch = Batch & { readonly closed: boolean }

/** Yields batches until `signal` aborts or the stream is closed (then it returns) or the server refuses (then it throws {@link FollowRefused}). */
export async function* follow(options: FollowOptions): AsyncGenerator<Batch> {
  const { signal, onState } = options
  let offset = options.offset ?? START
  let live = false
  let failures = 0
  while (!signal?.aborted) {
    if (!live)
      onState?.({
        state: failures === 0 && offset === (options.offset ?? START) ? "connecting" : "catching_up",
      })
    let heard = false
    try {
      for await (const batch of live
        ? liveBatches(options, offset, () => onState?.({ state: "live" }))
        : [await window(options, offset)]) {
        const moved = batch.offset !== offset
        offset = batch.offset
        failures = 0
        live = batch.upToDate || live || !moved
        heard = true
        if (batch.items.length > 0 || batch.upToDate) yield batch
        if (batch.closed) return
      }
      // A server that accepts and hangs up at once must not be asked in a tight loop.
      if (!heard) await wait(backoffMs(failures++), signal)
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof FollowRefused) throw error
      live = false
      const inMs = backoffMs(failures++)
      onState?.({
        state: "reconnecting",
        inMs,
        reason: errorText(error),
      })
      try {
        await wait(inMs, signal)
      } catch {
        return // aborted while waiting: the caller asked for the end
      }
    }
  }
}

async function open(
  options: FollowOptions,
  offset: string,
  live: boolean,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(options.url())
  url.searchParams.set("offset", offset)
  if (live) url.searchParams.set("live", "sse")
  const response = await (options.fetch ?? fetch)(url, {
    headers: { ...options.headers?.() },
    signal,
    cache: "no-store",
  })
  if (response.ok) return response
  await response.body?.cancel()
  if (response.status >= 500 || response.status === 429 || response.status === 408)
    throw new Error(`the server answered ${response.status}`)
  throw new FollowRefused(response.status)
}

async function window(options: FollowOptions, offset: string): Promise<LiveBatch> {
  using dead = deadline(options.signal)
  const response = await open(options, offset, false, dead.signal)
  dead.touch()
  return {
    items: itemsOf(await response.text()),
    offset: response.headers.get("stream-next-offset") ?? offset,
    upToDate: response.headers.get("stream-up-to-date") === "true",
    closed:
      response.headers.get("stream-closed") === "true" &&
      response.headers.get("stream-up-to-date") === "true",
  }
}

/**
 * Reads one SSE connection. `data` is held until the `control` event behind it says which offset it leads to, so
 * a cut between the two delivers neither.
 */
async function* liveBatches(
  options: FollowOptions,
  offset: string,
  opened: () => void,
): AsyncGenerator<LiveBatch> {
  using dead = deadline(options.signal)
  const response = await open(options, offset, true, dead.signal)
  dead.touch()
  opened()
  let held: unknown[] = []
  for await (const { event, data } of serverSentEvents(response, dead.touch)) {
    if (event === "data") held = held.concat(itemsOf(data))
    if (event !== "control") continue
    const control = JSON.parse(data) as {
      streamNextOffset: string
      upToDate?: boolean
      streamClosed?: boolean
    }
    const items = held
    held = []
    yield {
      items,
      offset: control.streamNextOffset,
      upToDate: control.upToDate ?? false,
      closed: control.streamClosed ?? false,
    }
  }
}
