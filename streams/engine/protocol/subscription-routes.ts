import type { IncomingMessage, ServerResponse } from "node:http"
import { RESERVED_ROOT } from "../paths.ts"
import type { Subscription, SubscriptionConfig } from "../subscriptions/subscription.ts"
import { SUBSCRIPTION_STATUS, SubscriptionError } from "../subscriptions/subscription-error.ts"
import type { Subscriptions, WakeReport } from "../subscriptions/subscriptions.ts"
import { send } from "./answer.ts"
import { readBody } from "./request-body.ts"
import { parseConfig, parseNames, parseReport, parseWorker, trimSlashes } from "./subscription-fields.ts"

export interface ControlContext {
  readonly subscriptions: Subscriptions
  readonly origin: string
  readonly requestBytes: number
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  /** Throws unless the request carries the server's token. */
  readonly checkToken: () => void
}

const KEYS_PATH = `${RESERVED_ROOT}/jwks.json`
const SUBSCRIPTION = new RegExp(`^${RESERVED_ROOT}/subscriptions/([^/]+)(?:/([a-z]+)(?:/(.+))?)?$`)

/** The protocol's own part of the name space: subscriptions, and the key their webhooks are signed with. */
export async function answerControl(context: ControlContext): Promise<void> {
  try {
    await route(context)
  } catch (error) {
    if (!(error instanceof SubscriptionError)) throw error
    const { code, message, details } = error
    sendJson(context, SUBSCRIPTION_STATUS[code], { error: { code, message, ...details } })
  }
}

async function route(context: ControlContext): Promise<void> {
  const { request, path, response, checkToken, subscriptions } = context
  if (path === KEYS_PATH && request.method === "GET") {
    const headers = { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" }
    return send(response, 200, headers, JSON.stringify({ keys: [subscriptions.keys.publicJwk] }))
  }
  const [, rawId, action, rest] = SUBSCRIPTION.exec(path) ?? []
  // A worker comes back with the token of its lease instead of the server's.
  const leased = action === "callback" || action === "ack" || action === "release"
  if (!leased) checkToken()
  if (rawId === undefined)
    throw new SubscriptionError("SUBSCRIPTION_NOT_FOUND", "There is no such control route.")
  const id = decode(rawId)
  switch (`${request.method} ${action ?? ""}${rest === undefined ? "" : "/name"}`) {
    case "PUT ":
      return await put(context, id)
    case "GET ":
      return sendJson(context, 200, shown(context, subscriptions.get(id)))
    case "DELETE ":
      await subscriptions.delete(id)
      return send(response, 204, {})
    case "POST streams":
      await subscriptions.link(id, parseNames(await json(context)))
      return send(response, 204, {})
    case "DELETE streams/name":
      await subscriptions.unlink(id, trimSlashes(decode(rest ?? "")))
      return send(response, 204, {})
    case "POST claim": {
      const worker = parseWorker(await json(context))
      needsType(subscriptions.get(id), "pull-wake")
      return sendJson(context, 200, await subscriptions.claim(id, worker))
    }
    case "POST callback":
    case "POST ack": {
      const report = await leasedReport(context, id, action)
      const { nextWake } = await subscriptions.report(id, report)
      return sendJson(context, 200, { ok: true, next_wake: nextWake })
    }
    case "POST release":
      await subscriptions.release(id, await leasedReport(context, id, action))
      return send(response, 204, {})
    default:
      return send(response, 405, { "content-type": "text/plain" }, "Method not allowed")
  }
}

async function put(context: ControlContext, id: string): Promise<void> {
  const config = parseConfig(await json(context))
  const { subscription, fresh } = await context.subscriptions.create(id, config)
  sendJson(context, fresh ? 201 : 200, shown(context, subscription))
}

/** Reads what the holder of a lease reports, once its token was found to be for this generation. */
async function leasedReport(
  context: ControlContext,
  id: string,
  action: string | undefined,
): Promise<WakeReport> {
  const { request, subscriptions } = context
  const { authorization = "" } = request.headers
  if (!authorization.startsWith("Bearer ")) {
    throw new SubscriptionError("TOKEN_INVALID", "Send the token of the lease as Authorization: Bearer.")
  }
  const report = parseReport(await json(context))
  const subscription = subscriptions.get(id)
  if (action !== "callback") needsType(subscription, "pull-wake")
  const check = subscriptions.keys.check(authorization.slice("Bearer ".length), id, Date.now())
  if (!check.valid) throw new SubscriptionError(check.code, "The token of the lease is not valid (any more).")
  if (check.generation !== report.generation) {
    throw new SubscriptionError("FENCED", "The wake is of an older generation: stop working on it.")
  }
  return report
}

function needsType(subscription: Subscription, type: SubscriptionConfig["type"]): void {
  if (subscription.config.type !== type) {
    throw new SubscriptionError("INVALID_REQUEST", `This subscription is not ${type}.`)
  }
}

function shown(
  { subscriptions, origin }: ControlContext,
  subscription: Subscription,
): Record<string, unknown> {
  const { id, config, createdAt, wake } = subscription
  const streams = subscriptions.statuses(subscription)
  return {
    id,
    subscription_id: id,
    type: config.type,
    pattern: config.pattern ?? undefined,
    streams: streams.map(({ path, link_type, acked_offset }) => ({ path, link_type, acked_offset })),
    webhook:
      config.webhookUrl === null
        ? undefined
        : {
            url: config.webhookUrl,
            signing: { alg: "ed25519", kid: subscriptions.keys.keyId, jwks_url: `${origin}${KEYS_PATH}` },
          },
    wake_stream: config.wakeStream ?? undefined,
    lease_ttl_ms: config.leaseTtlMs,
    created_at: createdAt,
    status: wake && wake.failures > 0 ? "failed" : "active",
    description: config.description ?? undefined,
  }
}

async function json({ request, response, requestBytes }: ControlContext): Promise<unknown> {
  const body = await readBody(request, response, requestBytes)
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new SubscriptionError("INVALID_REQUEST", "The body is not valid JSON.")
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SubscriptionError("INVALID_REQUEST", "The path is not valid.")
  }
}

function sendJson({ response }: ControlContext, status: number, body: object): void {
  send(
    response,
    status,
    { "content-type": "application/json", "cache-control": "no-store" },
    JSON.stringify(body),
  )
}
