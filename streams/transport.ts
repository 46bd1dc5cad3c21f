/**
 * One request to a stream server that may be away, full, or cut off in the middle: asked again until it has an
 * answer that another try would not change. Safe only for what may arrive twice: reads, idempotent creates,
 * appends with a producer, and appends whose readers ignore a repeat.
 */

/** Where the stream server is. `url` is the base that stream names are appended to. */
export interface Endpoint {
  readonly url: string
  readonly token: string | null
}

/** Asked anew at every try: a server may come back under another address. */
export type FindEndpoint = () => Endpoint

export type StreamProblem =
  | "stale_epoch"
  | "sequence_refused"
  | "stream_closed"
  | "stream_missing"
  | "conflict"
  | "unauthorized"
  | "too_large"
  | "refused"
  | "unavailable"
  | "full"

/** An answer that trying again would not change, or the end of patience (`unavailable`, `full`). */
export class StreamError extends Error {
  override readonly name = "StreamError"
  readonly code: StreamProblem
  constructor(code: StreamProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface Attempt {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE"
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** Of an answer's headers, by their names in small letters. */
export interface AnswerHeaders {
  get(name: string): string | null
  has(name: string): boolean
}

export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Sends one request and reads its answer whole; rejects as `fetch` does. */
export type Send = (
  url: string,
  init: {
    readonly method: Attempt["method"]
    readonly headers: Record<string, string>
    readonly body: NonNullable<Attempt["body"]> | null
    readonly signal: AbortSignal | undefined
    readonly timeoutMs: number
  },
) => Promise<Answer>

export interface Patience {
  readonly signal?: AbortSignal | undefined
  /** Gives up after this long; default never. */
  readonly forMs?: number | undefined
  /** Called before each wait. `reason` is fit to show. */
  readonly onRetry?: ((reason: string, waitMs: number) => void) | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Instead of `fetch`. */
  readonly send?: Send | undefined
}

const TIMEOUT_MS = 10_000
const FIRST_WAIT_MS = 20
const LONGEST_WAIT_MS = 1_000

/**
 * Returns the first answer below 400, its body read. Throws {@link StreamError} for an answer that is final,
 * and `signal.reason` when aborted.
 */
export async function request(
  endpoint: FindEndpoint,
  name: string,
  attempt: Attempt,
  patience: Patience = {},
): Promise<Answer & { readonly text: string }> {
  const { signal, forMs, onRetry } = patience
  const giveUpAt = forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + forMs
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted()
    const outcome = await tryOnce(endpoint(), name, attempt, patience)
    if (!("retry" in outcome)) return outcome
    const waitMs = backoffMs(tries)
    if (performance.now() + waitMs > giveUpAt) throw outcome.retry
    onRetry?.(outcome.retry.message, waitMs)
    await wait(waitMs, signal)
  }
}

async function tryOnce(
  endpoint: Endpoint,
  name: string,
  { method, headers: own, query, body }: Attempt,
  { signal, fetch = globalThis.fetch, send = sendBy(fetch) }: Patience,
) {
  let answer: Answer
  try {
    const headers = { ...authorization(endpoint), ...own }
    const url = addressOf(endpoint, name, query)
    answer = await send(url, { method, headers, body: body ?? null, signal, timeoutMs: TIMEOUT_MS })
  } catch (error) {
    signal?.throwIfAborted()
    return {
      retry: new StreamError("unavailable", `The stream server does not answer: ${reasonOf(error)}.`, {
        cause: error,
      }),
    }
  }
  const { status, headers, bytes } = answer
  const text = new TextDecoder().decode(bytes)
  if (status < 400) return { status, headers, bytes, text }
  const problem = problemOf(status, headers, text)
  if (status === 408 || status === 429 || status >= 500) return { retry: problem }
  throw problem
}

const sendBy =
  (fetch: typeof globalThis.fetch): Send =>
  async (url, { signal, timeoutMs, ...init }) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, {
      ...init,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    const { status, headers } = response
    return { status, headers, bytes: new Uint8Array(await response.arrayBuffer()) }
  }

/** What an error status means in the protocol's own terms. `headers`: those of the answer. */
export function problemOf(status: number, headers: AnswerHeaders, text: string): StreamError {
  const said = text.trim().slice(0, 200)
  if (status === 507)
    return new StreamError(
      "full",
      "The disk of the stream server is full. Free some space; it goes on by itself.",
    )
  if (status >= 500 || status === 408 || status === 429)
    return new StreamError("unavailable", `The stream server answered ${status}${said && `: ${said}`}.`)
  if (status === 404 || status === 410) return new StreamError("stream_missing", "There is no such stream.")
  if (status === 401) return new StreamError("unauthorized", "The stream server refused the token.")
  if (status === 413)
    return new StreamError("too_large", `The stream server refused it as too large${said && `: ${said}`}.`)
  if (status === 403 && headers.has("producer-epoch"))
    return new StreamError("stale_epoch", `A newer writer holds epoch ${headers.get("producer-epoch")}.`)
  if (status === 403)
    return new StreamError("unauthorized", `The stream server refused the request${said && `: ${said}`}.`)
  if (status === 409 && headers.get("stream-closed") === "true")
    return new StreamError("stream_closed", "The stream is closed.")
  if (status === 409 && headers.has("producer-expected-seq"))
    return new StreamError(
      "sequence_refused",
      `The stream server expects producer sequence ${headers.get("producer-expected-seq")}.`,
    )
  if (status === 409)
    return new StreamError("conflict", `The stream server saw a conflict${said && `: ${said}`}.`)
  return new StreamError("refused", `The stream server answered ${status}${said && `: ${said}`}.`)
}

export function addressOf(
  endpoint: Endpoint,
  name: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const parameters = new URLSearchParams(query).toString()
  return `${endpoint.url.replace(/\/$/, "")}/${name}${parameters && `?${parameters}`}`
}

export const authorization = ({ token }: Endpoint): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` }

/** 20 ms doubled up to 1 s, with jitter, so that many writers do not come back in step. */
export const backoffMs = (tries: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2)

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort)
      resolve()
    }, ms)
    if (signal?.aborted) abort()
    else signal?.addEventListener("abort", abort, { once: true })
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`
  const { cause } = error
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.message
}
