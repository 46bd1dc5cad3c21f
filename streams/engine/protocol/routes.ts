import type { IncomingMessage, ServerResponse } from "node:http"
import type { Door } from "../door.ts"
import type { Engine } from "../engine.ts"
import { isReserved } from "../paths.ts"
import { Refusal } from "../refusal.ts"
import type { Subscriptions } from "../subscriptions/subscriptions.ts"
import { send } from "./answer.ts"
import { checkPath } from "./fields.ts"
import { getStream, headStream } from "./read-routes.ts"
import { answerControl } from "./subscription-routes.ts"
import { deleteStream, postStream, putStream } from "./write-routes.ts"

export interface RoutesOptions {
  readonly engine: Engine
  readonly subscriptions: Subscriptions
  readonly door: Door
  readonly origin: string
  readonly insecure: boolean
  readonly requestBytes: number
  readonly waitMs: number
  readonly stallMs: number
  readonly stopping: AbortSignal
}

/** The table of contents: every request comes through here. */
export class Routes {
  readonly #options: RoutesOptions

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { engine, door, insecure } = this.#options
    const target = request.url ?? "/"
    const mark = target.indexOf("?")
    const path = mark === -1 ? target : target.slice(0, mark)
    const query = mark === -1 ? "" : target.slice(mark + 1)

    if (request.method === "OPTIONS" && insecure) return answerPreflight(response)
    door.checkSender(request)
    if (path === "/healthz" && request.method === "GET") {
      return send(
        response,
        200,
        jsonType(),
        JSON.stringify({ ok: true, name: "agentz-streams", pid: process.pid }),
      )
    }
    if (isReserved(path)) {
      const checkToken = () => door.checkToken(request)
      return await answerControl({ ...this.#options, request, response, path, checkToken })
    }
    door.checkToken(request)
    if (path === "/metrics" && request.method === "GET") {
      return send(
        response,
        200,
        { "content-type": "text/plain; version=0.0.4" },
        engine.metrics.text(engine.gauges()),
      )
    }
    checkPath(path)
    const { origin, requestBytes } = this.#options
    const write = { engine, origin, requestBytes, request, response, path }
    switch (request.method) {
      case "POST":
        return await postStream(write)
      case "PUT":
        return await putStream(write)
      case "DELETE":
        return await deleteStream(write)
      case "GET":
        return await getStream({ ...this.#options, request, response, path, query })
      case "HEAD":
        return headStream({ engine, response, path })
      default:
        throw new Refusal("method_not_allowed", "Use GET, HEAD, PUT, POST or DELETE.")
    }
  }
}

const jsonType = () => ({ "content-type": "application/json", "cache-control": "no-store" })

/**
 * The conformance suite asks which request headers a preflight allows. Without an allowed origin the answer
 * still opens nothing to any page.
 */
function answerPreflight(response: ServerResponse): void {
  send(response, 204, { "access-control-allow-headers": "if-none-match" })
}
