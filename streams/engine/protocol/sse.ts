import type { ServerResponse } from "node:http"
import { formatRun } from "../body.ts"
import type { Delta, Stream } from "../catalog.ts"
import type { Engine } from "../engine.ts"
import { LIVE_WINDOW_BYTES, UNREAD_BYTES } from "../limits.ts"
import type { LiveReader } from "../live-readers.ts"
import { formatOffset } from "../offset.ts"
import { isJson, mediaType } from "../stream-meta.ts"
import { EVERYWHERE } from "./answer.ts"
import { nextCursor } from "./cursor.ts"

export interface Follow {
  readonly engine: Engine
  readonly response: ServerResponse
  readonly stream: Stream
  readonly position: number
  readonly cursor: string | null
  readonly waitMs: number
  readonly stallMs: number
  readonly stopping: AbortSignal
}

/** Sends a stream as server-sent events, from a position to its close; ends with the connection or the server. */
export async function followBySse(follow: Follow): Promise<void> {
  const base64 = needsBase64(follow.stream)
  follow.response.writeHead(200, {
    ...EVERYWHERE,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    ...(base64 ? { "stream-sse-data-encoding": "base64" } : {}),
  })
  follow.engine.metrics.count("live_reads")
  await new SseReader(follow, base64).run()
}

function needsBase64({ meta }: Stream): boolean {
  return !isJson(meta) && !mediaType(meta.contentType).startsWith("text/")
}

type Encoding = "json" | "text" | "base64"

/** The same commit goes to many readers: its data event is built once for each encoding. */
const dataEvents = new WeakMap<Delta, Map<Encoding, Buffer>>()

class SseReader implements LiveReader {
  readonly #follow: Follow
  readonly #encoding: Encoding
  #position: number
  #atTail = false
  #wake: () => void = () => undefined

  constructor(follow: Follow, base64: boolean) {
    this.#follow = follow
    this.#position = follow.position
    this.#encoding = base64 ? "base64" : isJson(follow.stream.meta) ? "json" : "text"
  }

  get behind(): number {
    return this.#follow.stream.meta.next - this.#position
  }

  get unread(): number {
    return this.#follow.response.writableLength
  }

  async run(): Promise<void> {
    const { engine, response, stream, stopping } = this.#follow
    const wake = () => this.#wake()
    const unwatch = engine.watch(stream, (delta) => this.#hear(delta))
    const leave = engine.readers.enter(this)
    response.once("close", wake)
    stopping.addEventListener("abort", wake, { once: true })
    try {
      await this.#loop()
    } finally {
      unwatch()
      leave()
      stopping.removeEventListener("abort", wake)
      response.end()
    }
  }

  async #loop(): Promise<void> {
    const { stream, engine } = this.#follow
    let told = false
    while (!this.#isOver()) {
      if (!(await this.#drained())) return
      if (this.#isOver()) return
      if (this.#position < stream.meta.next) {
        const run = engine.read(stream, this.#position, LIVE_WINDOW_BYTES)
        this.#send(dataEvent(this.#encoding, run.payloads), run.next)
        told = true
        continue
      }
      if (!told) this.#send(null, this.#position)
      told = true
      if (stream.meta.closed) return
      this.#atTail = true
      const news = await this.#sleep()
      this.#atTail = false
      engine.touch(stream)
      // Without news, or when the stream was closed with nothing new, say where it stands.
      if (news === "none" || (stream.meta.closed && this.#position === stream.meta.next)) told = false
    }
  }

  /** A commit while this reader has everything before it goes out at once, from memory. */
  #hear(delta: Delta): void {
    const { response } = this.#follow
    const bytes = delta.payloads.reduce((sum, payload) => sum + payload.length, 0)
    const fits = bytes <= LIVE_WINDOW_BYTES && response.writableLength + bytes <= UNREAD_BYTES
    if (this.#atTail && delta.from === this.#position && bytes > 0 && fits && !delta.gone) {
      this.#send(sharedEvent(delta, this.#encoding), delta.next)
      if (!delta.closed) return
    }
    this.#wake()
  }

  /** The data event of a commit is the same memory for all its readers, however slowly they take it. */
  #send(data: Buffer | null, next: number): void {
    const { response, stream, cursor, engine } = this.#follow
    this.#position = next
    const atTail = next === stream.meta.next
    const control: Record<string, string | boolean> = { streamNextOffset: formatOffset(next) }
    if (atTail && stream.meta.closed) control.streamClosed = true
    else {
      control.streamCursor = nextCursor(cursor, engine.now())
      if (atTail) control.upToDate = true
    }
    response.cork()
    if (data) response.write(data)
    response.write(`event: control\ndata:${JSON.stringify(control)}\n\n`)
    response.uncork()
  }

  /** Sleeps until something happens, or for the time after which a reader should hear from us anyway. */
  #sleep(): Promise<"some" | "none"> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve("none"), this.#follow.waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = () => undefined
        resolve("some")
      }
    })
  }

  /** Waits until the reader has taken what was written. One that takes nothing is disconnected. */
  async #drained(): Promise<boolean> {
    const { response, stallMs, engine } = this.#follow
    if (!response.writableNeedDrain) return true
    const drained = await new Promise<boolean>((resolve) => {
      const settle = (value: boolean) => {
        clearTimeout(timer)
        response.off("drain", onDrain)
        response.off("close", onClose)
        resolve(value)
      }
      const onDrain = () => settle(true)
      const onClose = () => settle(false)
      const timer = setTimeout(onClose, stallMs)
      response.once("drain", onDrain)
      response.once("close", onClose)
    })
    if (!drained && !response.destroyed) {
      engine.metrics.count("slow_readers_disconnected")
      response.destroy()
    }
    return drained
  }

  #isOver(): boolean {
    const { response, stopping, stream } = this.#follow
    return response.destroyed || stopping.aborted || stream.gone || stream.meta.hidden
  }
}

function sharedEvent(delta: Delta, encoding: Encoding): Buffer {
  const known = dataEvents.get(delta) ?? new Map<Encoding, Buffer>()
  dataEvents.set(delta, known)
  const event = known.get(encoding) ?? dataEvent(encoding, delta.payloads)
  known.set(encoding, event)
  return event
}

const LINE_END = /\r\n|\r|\n/
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d]
const [BEFORE, BETWEEN, AFTER] = ["event: data\ndata:", "\ndata:", "\n\n"]

/** Each line of the payload is a line of its own, so that no payload can end the event and begin another. */
function dataEvent(encoding: Encoding, payloads: readonly Buffer[]): Buffer {
  const bytes = formatRun(encoding === "json", payloads)
  if (encoding === "base64") return Buffer.from(`${BEFORE}${bytes.toString("base64")}${AFTER}`, "latin1")
  if (!bytes.includes(LINE_FEED) && !bytes.includes(CARRIAGE_RETURN))
    return Buffer.concat([Buffer.from(BEFORE), bytes, Buffer.from(AFTER)])
  return Buffer.from(`${BEFORE}${bytes.toString("utf8").split(LINE_END).join(BETWEEN)}${AFTER}`)
}
