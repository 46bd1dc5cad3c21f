import { z } from "zod"
import type { SubscriptionConfig } from "../subscriptions/subscription.ts"
import { SubscriptionError } from "../subscriptions/subscription-error.ts"
import type { WakeReport } from "../subscriptions/subscriptions.ts"
import { webhookUrlFault } from "../subscriptions/webhook-url.ts"

/** Bodies of the subscription interface. */

export const trimSlashes = (name: string): string => name.replace(/^\/+|\/+$/g, "")

const Name = z.string().transform(trimSlashes).pipe(z.string().min(1).max(1024))

const Config = z.object({
  type: z.enum(["webhook", "pull-wake"]),
  pattern: Name.optional(),
  streams: z.array(Name).max(10_000).optional(),
  webhook: z.object({ url: z.string().min(1) }).optional(),
  wake_stream: Name.optional(),
  lease_ttl_ms: z.int().min(1_000).max(600_000).default(30_000),
  description: z.string().optional(),
})

export function parseConfig(body: unknown): SubscriptionConfig {
  const given = parse(Config, body)
  const streams = given.streams ?? []
  if (given.pattern === undefined && streams.length === 0)
    throw invalid("one of pattern and streams is needed")
  if (given.type === "webhook") {
    if (!given.webhook) throw invalid("a webhook subscription needs webhook.url")
    const fault = webhookUrlFault(given.webhook.url)
    if (fault !== null) throw new SubscriptionError("WEBHOOK_URL_REJECTED", fault)
  } else if (given.wake_stream === undefined) throw invalid("a pull-wake subscription needs wake_stream")
  return {
    type: given.type,
    pattern: given.pattern ?? null,
    streams,
    webhookUrl: given.type === "webhook" ? (given.webhook?.url ?? null) : null,
    wakeStream: given.wake_stream ?? null,
    leaseTtlMs: given.lease_ttl_ms,
    description: given.description ?? null,
  }
}

export const parseNames = (body: unknown): string[] =>
  parse(z.object({ streams: z.array(Name).min(1) }), body).streams

export const parseWorker = (body: unknown): string =>
  parse(z.object({ worker: z.string().min(1) }), body).worker

const Ack = z.object({ stream: Name.optional(), path: Name.optional(), offset: z.string() })

const Report = z.object({
  wake_id: z.string().default(""),
  generation: z.number().default(-1),
  acks: z.array(Ack).default([]),
  done: z.boolean().default(false),
})

export function parseReport(body: unknown): WakeReport {
  const { wake_id, generation, acks, done } = parse(Report, body)
  const named = acks.map(({ stream, path, offset }) => [stream ?? path ?? "", offset] as const)
  return { wakeId: wake_id, generation, acks: Object.fromEntries(named), done }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw invalid(`${issue?.path.join(".") || "the body"}: ${issue?.message}`)
}

const invalid = (what: string) => new SubscriptionError("INVALID_REQUEST", what)
