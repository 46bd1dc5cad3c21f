import type { IncomingMessage } from "node:http"
import { NAME_BYTES, PRODUCER_NAME_BYTES } from "../limits.ts"
import { STREAMS_ROOT } from "../paths.ts"
import type { ProducerTicket } from "../producer.ts"
import { Refusal } from "../refusal.ts"

/** Reads what a request says in its headers and its path. Everything odd is refused with a sentence. */

export const SEQ_BYTES = 1024

const NAME = /^[\x21-\x7e]+$/
const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i
const HIDDEN_CHARACTER = /%(0[0-9a-f]|1[0-9a-f]|2f|5c|7f)/i

/** Throws unless the path names a stream. */
export function checkPath(path: string): void {
  if (!path.startsWith(STREAMS_ROOT) || path.length === STREAMS_ROOT.length) {
    throw new Refusal("route_not_found", `Streams are found under ${STREAMS_ROOT}.`)
  }
  const name = path.slice(STREAMS_ROOT.length)
  if (name.length > NAME_BYTES || !NAME.test(name) || DOT_SEGMENT.test(name) || HIDDEN_CHARACTER.test(name)) {
    throw new Refusal(
      "name_invalid",
      `A stream's name has at most ${NAME_BYTES} visible characters, and no dot segments or encoded slashes.`,
    )
  }
}

type HeaderValue = string | string[] | undefined

/** Of a header that can only be said once. Named in the call, it is found quicker than by a name in a variable. */
export const single = (value: HeaderValue): string | undefined => (Array.isArray(value) ? value[0] : value)

export const header = (request: IncomingMessage, name: string) => single(request.headers[name])

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/
const DIGITS = /^\d+$/

export function wholeNumber(text: string, what: string, shape: RegExp = WHOLE_NUMBER): number {
  const value = shape.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value))
    throw new Refusal("bad_request", `${what} must be a whole number, not negative.`)
  return value
}

export function producerOf(request: IncomingMessage): ProducerTicket | undefined {
  const { headers } = request
  const name = single(headers["producer-id"])
  const epoch = single(headers["producer-epoch"])
  const seq = single(headers["producer-seq"])
  if (name === undefined && epoch === undefined && seq === undefined) return undefined
  if (name === undefined || epoch === undefined || seq === undefined) {
    throw new Refusal(
      "bad_request",
      "Producer-Id, Producer-Epoch and Producer-Seq belong together: send all three.",
    )
  }
  if (name === "" || Buffer.byteLength(name) > PRODUCER_NAME_BYTES) {
    throw new Refusal("bad_request", `Producer-Id must have 1 to ${PRODUCER_NAME_BYTES} bytes.`)
  }
  return {
    name,
    epoch: wholeNumber(epoch, "Producer-Epoch", DIGITS),
    seq: wholeNumber(seq, "Producer-Seq", DIGITS),
  }
}

export const closes = (request: IncomingMessage): boolean =>
  single(request.headers["stream-closed"]) === "true"
