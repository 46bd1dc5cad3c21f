/** What went wrong with an agent, told for a person: a slug, a sentence and one thing to do about it. */
import type { Failure } from "#streams/event"
import { type Fields, fieldsOf, listOf, stringIn, under } from "./read.ts"
import { secondsOf, untilOf } from "./until.ts"

export interface Trouble {
  readonly failure: Failure
  /** There where waiting helps. `until: null`: nobody said for how long. */
  readonly limit?: { readonly kind: "rate" | "usage"; readonly until: string | null }
}

interface Kind {
  readonly code: string
  readonly hint: string
  readonly limit?: "rate" | "usage"
}

const AUTH: Kind = {
  code: "provider_auth",
  hint: "Log in with the agent's own command, or set its key, then send the message again.",
}
const RATE: Kind = {
  code: "provider_rate_limited",
  hint: "Wait a little, then resume the session.",
  limit: "rate",
}
const USAGE: Kind = {
  code: "usage_limit",
  hint: "Resume the session when the limit is lifted, or raise the limit of the account.",
  limit: "usage",
}
const OVERLOADED: Kind = {
  code: "provider_overloaded",
  hint: "The service has too much to do: resume the session in a while.",
}
const UNREACHABLE: Kind = {
  code: "provider_unreachable",
  hint: "Check the network and the agent's base URL, then resume the session.",
}
const UNAVAILABLE: Kind = { code: "provider_unavailable", hint: "Resume the session in a while." }
const REFUSED: Kind = {
  code: "provider_error",
  hint: "Read what the service says, and change the message or the settings of the agent.",
}
const TOO_LONG: Kind = {
  code: "context_too_long",
  hint: "Begin a new session, or ask the agent to compact this one.",
}
const BUDGET: Kind = {
  code: "agent_budget",
  hint: "Raise the budget in the agent's settings, or begin a new session.",
}
const MODEL: Kind = { code: "model_unknown", hint: "Choose a model that the agent offers." }
const EXITED: Kind = { code: "agent_exited", hint: "Resume the session: the agent is started again." }
const OTHER: Kind = { code: "agent_error", hint: "Send the message again; the session's log may say more." }

/** In words that agents and their services are known to use. The first that fits counts. */
const WORDS: readonly (readonly [RegExp, Kind])[] = [
  [/\b(?:acp )?connection closed\b|\bagent (?:process )?exited\b|\bEPIPE\b/i, EXITED],
  [
    /usage limit|(?:hit|reached) your (?:\S+ ){0,3}limit|limit reached|out of (?:extra )?usage|usageLimitExceeded|insufficient_quota|exceeded your current quota|credit balance is too low|quota_exceeded/i,
    USAGE,
  ],
  [/\brate[ _-]?limit|too many requests|\b429\b|rateLimitExceeded/i, RATE],
  [/overloaded|\b529\b|at capacity|serverOverloaded/i, OVERLOADED],
  [
    /authentication required|not logged in|please run \/login|unauthori[sz]ed|invalid (?:x-)?api[ -]?key|incorrect api key|api key is missing|missing environment variable|\b401\b|authentication_(?:error|failed)/i,
    AUTH,
  ],
  [
    /context (?:window|length)|prompt is too long|contextWindowExceeded|maximum context|too many tokens|context_length/i,
    TOO_LONG,
  ],
  [/\bbudget\b|sessionBudgetExceeded/i, BUDGET],
  [
    /model[^.\n]{0,60}(?:not found|does not exist|not supported|unknown|not available|no access)|(?:unknown|invalid|unsupported) model|model_not_found/i,
    MODEL,
  ],
  [
    /stream disconnected|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|socket hang up|fetch failed|network error|connection (?:error|refused|reset|failed|lost)|error sending request|reconnecting/i,
    UNREACHABLE,
  ],
  [/\b5\d\d\b|internal server error|service unavailable|bad gateway/i, UNAVAILABLE],
  [/\b40[03]\b|\b404\b|invalid_request|bad request|permission_error|forbidden/i, REFUSED],
]

const kindIn = (text: string): Kind | undefined => {
  const beginning = text.slice(0, 4_000)
  return WORDS.find(([words]) => words.test(beginning))?.[1]
}

const BY_STATUS = (status: number): Kind | undefined =>
  status === 401
    ? AUTH
    : status === 429
      ? RATE
      : status === 529
        ? OVERLOADED
        : status >= 500
          ? UNAVAILABLE
          : undefined

function troubleOf(
  { code, hint, limit }: Kind,
  message: string,
  now: number,
  until?: string | null,
): Trouble {
  const end = until ?? untilOf(message, now)
  return {
    failure: { code, message: sentence(message), hint },
    ...(limit && { limit: { kind: limit, until: end } }),
  }
}

/**
 * The error with which a request to the agent ended: ours, with a whole failure in its data; one of JSON-RPC with a
 * code and whatever the agent knows of its service's answer; or the end of the connection.
 */
export function troubleOfError(error: unknown, now: number): Trouble {
  const { code, data } = fieldsOf(error)
  const said =
    error instanceof Error ? error.message : (stringIn(fieldsOf(error), "message") ?? String(error))
  const fields = fieldsOf(data)
  const own = ownFailure(fields)
  if (own) return withLimit(own, now)
  const detail = stringIn(fields, "message") ?? stringIn(fields, "details") ?? ""
  const message = detail && !said.includes(detail) ? `${said}: ${detail}` : said
  const status = typeof fields.statusCode === "number" ? fields.statusCode : 0
  const named = [
    stringIn(fields, "errorKind"),
    stringIn(fields, "errorName"),
    stringIn(fields, "codexErrorInfo"),
  ]
  const kind =
    (code === -32000 ? AUTH : undefined) ??
    BY_STATUS(status) ??
    kindIn(`${message} ${named.join(" ")}`) ??
    (code === -32602 && /model/i.test(message) ? MODEL : undefined) ??
    OTHER
  return troubleOf(kind, message, now, afterHeaders(under(fields, "responseHeaders"), now))
}

/** Our own agents put a whole failure into the error's data. */
function ownFailure(fields: Fields): Failure | null {
  const code = stringIn(fields, "code")
  const message = stringIn(fields, "message")
  if (!code || !/^[a-z]+(_[a-z]+)*$/.test(code) || message === undefined) return null
  const hint = stringIn(fields, "hint")
  return { code, message, ...(hint !== undefined && { hint }) }
}

function withLimit(failure: Failure, now: number): Trouble {
  const kind =
    failure.code === "provider_rate_limited" ? "rate" : failure.code === "usage_limit" ? "usage" : null
  if (!kind) return { failure }
  const until = untilOf(`${failure.message} ${failure.hint ?? ""}`, now)
  return { failure, limit: { kind, until } }
}

function afterHeaders(headers: Fields, now: number): string | null {
  const after = secondsOf(stringIn(headers, "retry-after") ?? "", now)
  return after === null ? null : new Date(now + after * 1000).toISOString()
}

/** A failure that an agent attached to an answer which itself looks fine. `null`: there is none. */
export function troubleOfFailure(record: Fields, now: number): Trouble | null {
  const title = stringIn(record, "title")
  if (title === undefined || stringIn(record, "severity") === "warning") return null
  const details = stringIn(record, "details")
  const message = details && !title.includes(details) ? `${title} ${details}` : title
  return troubleOf(kindOfFailure(record, message), message, now)
}

/** The record's category says what it is about, its actions what may help; the finer kinds are only in its words. */
function kindOfFailure(record: Fields, message: string): Kind {
  const actions = listOf(record.actions)
  const worded = kindIn(message)
  switch (record.category) {
    case "access":
      return AUTH
    case "limit":
      if (actions.includes("retry")) return RATE
      if (actions.includes("new_session")) return worded === BUDGET ? BUDGET : TOO_LONG
      return USAGE
    case "connection":
      return /shutting down|worker/i.test(message) ? EXITED : UNREACHABLE
    case "request":
      return worded === MODEL || worded === TOO_LONG ? worded : REFUSED
    case "service":
      return worded === OVERLOADED || worded === AUTH || worded === MODEL || worded === RATE
        ? worded
        : UNAVAILABLE
    default:
      return worded ?? OTHER
  }
}

/** The failure in a text that an adapter put among its answers. `null`: it is no error that we know. */
export function troubleInText(text: string, now: number): Trouble | null {
  const kind = text.length <= 2_000 ? kindIn(text) : undefined
  return kind ? troubleOf(kind, text, now) : null
}

/** One paragraph, and not too much of it. */
const sentence = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length > 500 ? `${line.slice(0, 500)}…` : line || "The agent gave no reason."
}
