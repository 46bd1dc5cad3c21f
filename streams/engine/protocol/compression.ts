import type { IncomingMessage } from "node:http"
import { promisify } from "node:util"
import { deflate, gzip } from "node:zlib"

const WORTHWHILE_BYTES = 1024
const LEVEL = 3
const pack = { gzip: promisify(gzip), deflate: promisify(deflate) }

export interface Compressed {
  readonly encoding: "gzip" | "deflate"
  readonly body: Buffer
}

/** A smaller body, when the reader takes one and is on another machine: on this one it would only cost time. */
export async function compressed(request: IncomingMessage, body: Buffer): Promise<Compressed | null> {
  if (body.length < WORTHWHILE_BYTES || isLoopback(request.socket.remoteAddress)) return null
  const accepted = (request.headers["accept-encoding"] ?? "")
    .toString()
    .toLowerCase()
    .split(/\s*,\s*/)
  const encoding = (["gzip", "deflate"] as const).find((name) =>
    accepted.some(
      (entry) => entry === name || (entry.startsWith(`${name};`) && !/;\s*q=0(\.0*)?$/.test(entry)),
    ),
  )
  return encoding ? { encoding, body: await pack[encoding](body, { level: LEVEL }) } : null
}

function isLoopback(address: string | undefined): boolean {
  return address === undefined || /^(::ffff:)?127\.|^::1$/.test(address)
}
