import type { IncomingMessage, ServerResponse } from "node:http"
import type { Door } from "../door.ts"
import type { Engine } from "../engine.ts"
import { CHANGES_PATH, isReserved } from "../paths.ts"
import { Refusal } from "../refusal.ts"
import type { Subscriptions } from "../subscriptions/subscriptions.ts"
import { send } from "./answer.ts"
import { postStream } from "./append-call.ts"
import { postChanges } from "./changes-call.ts"
import { checkPath } from "./fields.ts"
import { getStream, headStream } from "./read-routes.ts"
import { answerControl } from "./subscription-routes.ts"
import { deleteStream, putStream } from "./write-routes.ts"

export interface RoutesOptions {
  readonly engine: Engine
  /** For `/metrics`. */
  readonly gauges: () => Record<string, number>
  readonly subscriptions: Subscriptions
  readonly door: Door
  readonly origin: string
  readonly insecure: boolean
  readonly requestBytes: number
  readonly waitMs: number
  readonly stallMs: number
  readonly stopping: AbortSignal
  /** Answers a request that could not be served. */
  readonly failed: (request: IncomingMessage, response: ServerResponse, error: unknown) => void
}

/** The table of contents: every request comes through here. */
export class Routes {
  readonly #options: RoutesOptions

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  /** Answers now or later; `failed` is told what went wrong. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    try {
      const later = this.#route(request, response)
      if (later) later.catch((error: unknown) => this.#options.failed(request, response, error))
    } catch (error) {
      this.#options.failed(request, response, error)
    }
  }

  #route(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const { engine, door, insecure } = this.#options
    const target = request.url ?? "/"
    const mark = target.indexOf("?")
    const path = mark === -1 ? target : target.slice(0, mark)
    const query = mark === -1 ? "" : target.slice(mark + 1)

    if (request.method === "OPTIONS" && insecure) return answerPreflight(response)
    door.checkSender(request)
    if (path === "/healthz" && request.method === "GET") return answerHealth(response)
    if (isReserved(path)) {
      const checkToken = () => door.checkToken(request)
      return answerControl({ ...this.#options, request, response, path, checkToken })
    }
    door.checkToken(request)
    if (path === "/metrics" && request.method === "GET") return answerMetrics(response, this.#options)
    if (path === CHANGES_PATH && request.method === "POST") {
      postChanges(this.#options, request, response)
      return undefined
    }
    // The name of a stream that is there was checked when it was made.
    if (!engine.catalog.byPath.has(path)) checkPath(path)
    if (request.method === "POST") {
      postStream(this.#options, request, response, path)
      return undefined
    }
    const { origin, requestBytes } = this.#options
    const write = { engine, origin, requestBytes, request, response, path }
    switch (request.method) {
      case "PUT":
        return putStream(write)
      case "DELETE":
        return deleteStream(write)
      case "GET":
        return getStream({ ...this.#options, request, response, path, query })
      case "HEAD":
        return void headStream({ engine, response, path })
      default:
        throw new Refusal("method_not_allowed", "Use GET, HEAD, PUT, POST or DELETE.")
    }
  }
}

function answerHealth(response: ServerResponse): undefined {
  const headers = { "content-type": "application/json", "cache-control": "no-store" }
  send(response, 200, headers, JSON.stringify({ ok: true, name: "agentz-streams", pid: process.pid }))
}

function answerMetrics(response: ServerResponse, { engine, gauges }: RoutesOptions): undefined {
  const headers = { "content-type": "text/plain; version=0.0.4" }
  send(response, 200, headers, engine.metrics.text(gauges()))
}

/**
 * The conformance suite asks which request headers a preflight allows. Without an allowed origin the answer
 * still opens nothing to any page.
 */
function answerPreflight(response: ServerResponse): undefined {
  send(response, 204, { "access-control-allow-headers": "if-none-match" })
}
