import type { IncomingMessage, ServerResponse } from "node:http"
import { type Appended, type AppendRequest, appendTo } from "../append.ts"
import type { Draft } from "../draft.ts"
import type { Engine } from "../engine.ts"
import { formatOffset } from "../offset.ts"
import type { Operation } from "../operation.ts"
import type { ProducerTicket } from "../producer.ts"
import { Refusal } from "../refusal.ts"
import { EVERYWHERE_RAW } from "./answer.ts"
import { closes, producerOf, SEQ_BYTES, single } from "./fields.ts"
import { type BodyTaker, collectBody, EMPTY } from "./request-body.ts"

export interface AppendContext {
  readonly engine: Engine
  readonly requestBytes: number
  /** Answers a request that failed after `postStream` returned. */
  readonly failed: (request: IncomingMessage, response: ServerResponse, error: unknown) => void
}

/** POST: appends, closes, or both. Throws what can be refused by the headers alone. */
export function postStream(
  context: AppendContext,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  collectBody(request, response, context.requestBytes, new AppendCall(context, request, response, path))
}

/**
 * One append from its headers to its answer. Most requests are appends: this is one object, and no promises,
 * where the rest of the server prefers `async`.
 */
class AppendCall implements AppendRequest, Operation, BodyTaker {
  readonly path: string
  readonly contentType: string | undefined
  readonly close: boolean
  readonly seq: string | undefined
  readonly producer: ProducerTicket | undefined
  readonly frees = false
  body: Buffer = EMPTY
  readonly #context: AppendContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #appended: Appended | null = null
  #error: unknown = null

  constructor(context: AppendContext, request: IncomingMessage, response: ServerResponse, path: string) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.path = path
    this.producer = producerOf(request)
    this.close = closes(request)
    this.seq = single(request.headers["stream-seq"])
    this.contentType = request.headers["content-type"]
    if (this.seq && this.seq.length > SEQ_BYTES)
      throw new Refusal("bad_request", `Stream-Seq may have ${SEQ_BYTES} bytes.`)
  }

  get weight(): number {
    return this.body.length
  }

  take(body: Buffer): void {
    this.body = body
    if (body.length === 0 && !this.close) {
      this.reject(new Refusal("body_empty", "The body is empty: there is nothing to append."))
    } else if (body.length > 0 && !this.contentType) {
      this.reject(new Refusal("content_type_missing", "Say what the body is in Content-Type."))
    } else this.#context.engine.submit(this)
  }

  run(draft: Draft): void {
    try {
      this.#appended = appendTo(draft, this)
    } catch (error) {
      this.#error = error
    }
  }

  settle(): void {
    try {
      if (this.#appended === null) throw this.#error
      this.#answer(this.#appended)
    } catch (error) {
      this.reject(error)
    }
  }

  reject(error: unknown): void {
    this.#context.failed(this.#request, this.#response, error)
  }

  #answer({ next, closed, duplicate }: Appended): void {
    const { producer } = this
    this.#context.engine.metrics.count(duplicate ? "duplicates" : "appends")
    const headers = EVERYWHERE_RAW.slice()
    if (!duplicate || closed) headers.push("stream-next-offset", formatOffset(next))
    if (closed) headers.push("stream-closed", "true")
    if (producer) {
      const seq = duplicate?.seq ?? producer.seq
      headers.push("producer-epoch", String(producer.epoch), "producer-seq", String(seq))
    }
    const status = producer && !duplicate && this.body.length > 0 ? 200 : 204
    if (status === 200) headers.push("content-length", "0")
    this.#response.writeHead(status, headers)
    this.#response.end()
  }
}
