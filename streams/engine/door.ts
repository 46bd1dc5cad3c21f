import { timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { Refusal } from "./refusal.ts"

export interface DoorOptions {
  /** `null` serves without a token. The other checks stay. */
  readonly token: string | null
  /** `name:port` as clients write it in `Host`. */
  readonly hosts: ReadonlySet<string>
}

/**
 * Who may come in at all. A browser always names the page it speaks for when it sends something across
 * sites, so a request with `Origin` is a web page and never served; a page that rebinds a name to this
 * address is told by its `Host`.
 */
export class Door {
  readonly #hosts: ReadonlySet<string>
  readonly #token: Buffer | null
  readonly #given: Buffer

  constructor(options: DoorOptions) {
    this.#hosts = options.hosts
    this.#token = options.token === null ? null : Buffer.from(`Bearer ${options.token}`)
    this.#given = Buffer.alloc(this.#token?.length ?? 0)
  }

  /** Throws a `Refusal` unless the request comes from a program that meant this server. */
  checkSender(request: IncomingMessage): void {
    const { host, origin } = request.headers
    // A page that reads names no origin to its own address; a browser tells where the request comes from.
    if (origin !== undefined || request.headers["sec-fetch-site"] !== undefined)
      throw new Refusal("foreign_origin", "Web pages may not speak to the stream server.")
    if (host === undefined || !this.#hosts.has(host.toLowerCase()) || hostHeaders(request) !== 1) {
      throw new Refusal("foreign_host", "This server does not answer to that host name.")
    }
  }

  /** Throws a `Refusal` unless the request carries the token. */
  checkToken(request: IncomingMessage): void {
    if (this.#token === null) return
    const given = request.headers.authorization
    // The time this takes tells the token's length at most. What a header holds arrives as Latin-1.
    if (given !== undefined && given.length === this.#token.length) {
      this.#given.write(given, "latin1")
      if (timingSafeEqual(this.#given, this.#token)) return
    }
    throw new Refusal("unauthorized", "Send the server's token as Authorization: Bearer.")
  }
}

function hostHeaders(request: IncomingMessage): number {
  let count = 0
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    if (request.rawHeaders[at]?.length === 4 && request.rawHeaders[at]?.toLowerCase() === "host") count++
  }
  return count
}
