/**
 * Reads of the streams, passed on to the stream server with its token. A browser never talks to that server, and
 * nothing is ever written through here.
 */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http"
import { request as httpsRequest } from "node:https"
import { pipeline } from "node:stream"
import { isStreamName } from "#streams/paths"
import { type Refusal, refuse } from "./answer.ts"
import type { Target } from "./door.ts"

const PREFIX = "/v1/stream/"
/** A replicated server sends a reader to the leader; more hops than this are a loop. */
const MOST_HOPS = 3

/** Of the client's headers, those that a read can depend on. */
const ASKED = ["accept", "accept-encoding", "if-none-match", "last-event-id"] as const
/** Of the server's headers, those that belong to its own connection, door or origin. */
const OWN =
  /^(access-control-.*|connection|keep-alive|proxy-.*|transfer-encoding|upgrade|trailer|te|set-cookie|strict-transport-security|content-security-policy|cross-origin-.*|x-frame-options|x-content-type-options|referrer-policy|server|date|www-authenticate)$/

export interface StreamServer {
  readonly url: string
  readonly token: string | null
}

export function gateway(streams: () => StreamServer) {
  return (request: IncomingMessage, response: ServerResponse, { path, search }: Target): void => {
    const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : ""
    if (!isStreamName(name)) {
      refuse(response, NO_SUCH_STREAM)
      return
    }
    const { url, token } = streams()
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    for (const key of ASKED) {
      const value = request.headers[key]
      if (typeof value === "string") headers[key] = value
    }
    passOn(response, {
      url: `${url.replace(/\/+$/, "")}/${name}${search}`,
      method: request.method ?? "GET",
      headers,
    })
  }
}

interface Passage {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

function passOn(response: ServerResponse, passage: Passage, hops = 0): void {
  const upstream = open(passage)
  const leave = () => upstream.destroy()
  response.once("close", leave)
  upstream.on("error", () => {
    if (response.destroyed) return
    // The server closed a kept connection just as we used it: that says nothing about the server.
    if (upstream.reusedSocket && !response.headersSent && hops < MOST_HOPS) {
      response.off("close", leave)
      passOn(response, passage, hops + 1)
    } else refuse(response, AWAY)
  })
  upstream.once("response", (answer) => {
    const status = answer.statusCode ?? 502
    const location = leaderOf(answer, passage.url)
    if (location !== null && hops < MOST_HOPS) {
      response.off("close", leave)
      answer.resume()
      passOn(response, { ...passage, url: location }, hops + 1)
    } else if (status === 401 || status === 403) {
      answer.resume()
      refuse(response, NOT_LET_IN)
    } else if (status < 200 || (status >= 300 && status !== 304 && status < 400)) {
      answer.resume()
      refuse(response, ODD)
    } else relay(answer, response, status)
  })
  upstream.end()
}

function open({ url, method, headers }: Passage): ClientRequest {
  const secure = url.startsWith("https:")
  return (secure ? httpsRequest : httpRequest)(url, { method, headers })
}

function leaderOf(answer: IncomingMessage, from: string): string | null {
  const { statusCode, headers } = answer
  if ((statusCode !== 307 && statusCode !== 308) || headers.location === undefined) return null
  const target = URL.canParse(headers.location, from) ? new URL(headers.location, from) : null
  return target !== null && /^https?:$/.test(target.protocol) ? target.href : null
}

function relay(answer: IncomingMessage, response: ServerResponse, status: number): void {
  for (const [key, value] of Object.entries(answer.headers))
    if (value !== undefined && !OWN.test(key)) response.setHeader(key, value)
  response.writeHead(status)
  response.flushHeaders()
  // A stream that breaks off upstream breaks off here too: a clean end would tell the reader it has everything.
  pipeline(answer, response, (error) => {
    if (error) response.destroy()
  })
}

export const NO_SUCH_STREAM: Refusal = {
  status: 404,
  reason: "unknown_stream",
  message: "There is no stream of that name: a session is at /v1/stream/ses_…/events.",
}
const AWAY: Refusal = {
  status: 503,
  reason: "streams_away",
  message: "The stream server does not answer. Nothing is lost; `agentz up` starts it again.",
}
const NOT_LET_IN: Refusal = {
  status: 502,
  reason: "streams_refused",
  message: "The stream server refused agentz's token: check AGENTZ_STREAMS_TOKEN and start agentz again.",
}
const ODD: Refusal = {
  status: 502,
  reason: "streams_odd",
  message: "The stream server gave an answer that agentz does not understand: check AGENTZ_STREAMS_URL.",
}
