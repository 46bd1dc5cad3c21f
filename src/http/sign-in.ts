/**
 * How a browser comes to its right to be here: the printed link holds a code that works once and not for long,
 * and is exchanged for a cookie that no script can read. The token itself is never in an address.
 */
import { createHmac, randomBytes } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { sameSecret } from "../token.ts"
import { plainPage, sendHtml } from "./answer.ts"

const LIFETIME_MS = 10 * 60 * 1000
/** Old codes make room for new ones, so asking for codes costs no memory. */
const MOST_CODES = 100

export interface SignIn {
  /** A code for one browser: single use, ten minutes. */
  newCode(): string
  /** Whether the request carries the token or the cookie made from it. */
  isKnown(request: IncomingMessage): boolean
  /** Whether the request carries the token itself. */
  hasToken(request: IncomingMessage): boolean
  /** Answers `GET /?code=…`: with the cookie and a redirect to the clean address, or with a page that helps. */
  exchange(code: string, request: IncomingMessage, response: ServerResponse): void
}

/** The port makes the name: cookies ignore ports, so two installations would overwrite each other's. */
export function signIn({
  token,
  port,
  now,
  isSecure,
}: {
  readonly token: string
  readonly port: number
  readonly now: () => number
  /** Whether the browser came by https: then the cookie must never go another way. */
  readonly isSecure: (request: IncomingMessage) => boolean
}): SignIn {
  const name = `agentz_${port}`
  // Made from the token alone, so that it outlives a restart of the API without being kept anywhere.
  const cookie = createHmac("sha256", token).update(`agentz cookie 1 ${name}`).digest("base64url")
  const codes = new Map<string, number>()

  const take = (code: string): boolean => {
    const expires = codes.get(code)
    codes.delete(code)
    return expires !== undefined && now() < expires
  }

  const hasToken = (request: IncomingMessage) => {
    const given = bearerOf(request)
    return given !== null && sameSecret(given, token)
  }

  return {
    newCode() {
      for (const [code, expires] of codes) {
        if (codes.size < MOST_CODES && now() < expires) break
        codes.delete(code)
      }
      const code = randomBytes(16).toString("base64url")
      codes.set(code, now() + LIFETIME_MS)
      return code
    },
    hasToken,
    isKnown: (request) =>
      hasToken(request) ||
      cookiesOf(request)
        .filter(([key]) => key === name)
        .some(([, value]) => sameSecret(value, cookie)),
    exchange(code, request, response) {
      if (!take(code)) {
        sendHtml(response, 401, plainPage("This link was used or is too old", [...HELP]))
        return
      }
      response.setHeader(
        "set-cookie",
        `${name}=${cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=34560000${isSecure(request) ? "; Secure" : ""}`,
      )
      response.setHeader("cache-control", "no-store")
      response.writeHead(303, { location: "/", "content-length": 0 })
      response.end()
    },
  }
}

const HELP = [
  "A sign-in link works once, for ten minutes.",
  "Run “agentz up” in a terminal: it prints a fresh one, also while agentz is running.",
] as const

/** The token that the request carries, whether it is good or not. */
export function bearerOf({ headers }: IncomingMessage): string | null {
  const [, given] = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? "") ?? []
  return given ?? null
}

const cookiesOf = (request: IncomingMessage): readonly (readonly [string, string])[] =>
  (request.headers.cookie ?? "").split(";").map((pair) => {
    const [key = "", ...value] = pair.trim().split("=")
    return [key, value.join("=")] as const
  })
