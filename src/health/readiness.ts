/** Whether this API can do its work now: not whether it lives, which any answer proves. */
import { access, constants, statfs } from "node:fs/promises"
import { paths } from "#streams/paths"
import { tailOf } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import type { Home } from "../home.ts"

export type Check =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly message: string }

export interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<"streams" | "home" | "disk", Check>>
}

/** Below this a session's spool or a stream may not find room. */
const FREE_BYTES = 64 * 1024 * 1024
const PATIENCE_MS = 1_500
/** Whoever asks more often gets the last answer: it needs no token, and must cost nothing. */
const FRESH_MS = 1_000

const OK: Check = { ok: true }

export function readinessOf(
  home: Pick<Home, "path">,
  endpoint: FindEndpoint,
  { freeBytes = FREE_BYTES, freshMs = FRESH_MS } = {},
): () => Promise<Readiness> {
  let last: Promise<Readiness> | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  const look = async (): Promise<Readiness> => {
    const [streams, writable, disk] = await Promise.all([
      streamsCheck(endpoint),
      homeCheck(home.path),
      diskCheck(home.path, freeBytes),
    ])
    return { ready: streams.ok && writable.ok && disk.ok, checks: { streams, home: writable, disk } }
  }
  return () => {
    const now = performance.now()
    if (last === null || now - askedAt > freshMs) {
      askedAt = now
      last = look()
    }
    return last
  }
}

const streamsCheck = (endpoint: FindEndpoint): Promise<Check> =>
  tailOf(endpoint, paths.registry, { forMs: PATIENCE_MS, signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    () => OK,
    () => ({
      ok: false,
      reason: "streams_away",
      message: "The stream server does not answer. Nothing is lost; `agentz up` starts it again.",
    }),
  )

const homeCheck = (path: string): Promise<Check> =>
  access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => OK,
    () => ({ ok: false, reason: "home_not_writable", message: "AGENTZ_HOME cannot be written to." }),
  )

async function diskCheck(path: string, needed: number): Promise<Check> {
  const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 0, bsize: 0 }))
  if (bavail * bsize >= needed) return OK
  return {
    ok: false,
    reason: "disk_low",
    message: `Less than ${Math.round(needed / 1024 / 1024)} MiB are free where AGENTZ_HOME lies: free some space.`,
  }
}
