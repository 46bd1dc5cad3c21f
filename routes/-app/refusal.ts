/**
 * Why a request came to nothing. `away`: nobody answered, so nothing is known and the same request may be sent
 * again with its idempotency key. `refused`: the server said no and nothing was changed.
 */
type RefusalKind = "signed-out" | "away" | "unknown" | "refused"

export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly kind: RefusalKind
  /** The server's stable slug for what is wrong. */
  readonly reason: string | null
  constructor(kind: RefusalKind, message: string, reason: string | null = null) {
    super(message)
    this.kind = kind
    this.reason = reason
  }
}

interface WireError {
  readonly message: string
  readonly data?: { readonly httpStatus?: number; readonly reason?: string } | null | undefined
}

const AWAY = new Set([408, 425, 429, 502, 503, 504])

/** Reads what the tRPC client threw. An answer that is not tRPC's own comes from something in between. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { message, data } = error as WireError
  const status = data?.httpStatus ?? statusInMeta(error)
  if (status === 401) return new Refusal("signed-out", "You are signed out.")
  const reason = data?.reason ?? null
  // A tab stays open over a change of the server.
  if (reason === "unknown_procedure")
    return new Refusal("refused", "The server is of another version than this page: reload it.", reason)
  if (status === 404) return new Refusal("unknown", message, reason)
  if (status !== undefined && data) return new Refusal(AWAY.has(status) ? "away" : "refused", message, reason)
  return new Refusal("away", "The agentz server does not answer.")
}

/** What a person reads where an act came to nothing; `null` where it was done. */
export async function problemOf(act: Promise<unknown>): Promise<string | null> {
  try {
    await act
    return null
  } catch (error) {
    return refusalOf(error).message
  }
}

const statusInMeta = (error: unknown): number | undefined =>
  (error as { meta?: { response?: { status?: number } } }).meta?.response?.status
