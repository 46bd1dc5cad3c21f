import { RESERVED_ROOT } from "../paths.ts"
import type { SubscriptionKeys } from "./keys.ts"
import type { StreamStatus, Subscription, Wake } from "./subscription.ts"

export interface Delivery {
  readonly subscription: Subscription
  readonly wake: Wake
  readonly streams: readonly StreamStatus[]
  readonly origin: string
  readonly keys: SubscriptionKeys
  readonly now: number
}

const PATIENCE_MS = 10_000
const LONGEST_DELAY_MS = 60_000

const subscriptionPath = (id: string): string => `${RESERVED_ROOT}/subscriptions/${encodeURIComponent(id)}`

/** Sends a wake to its receiver. `done` means that the receiver took everything and wants no call back. */
export async function deliver(delivery: Delivery): Promise<"done" | "accepted" | "failed"> {
  const { subscription, wake, streams, origin, keys, now } = delivery
  const { id, generation, config } = subscription
  const body = JSON.stringify({
    subscription_id: id,
    wake_id: wake.id,
    generation,
    streams,
    callback_url: `${origin}${subscriptionPath(id)}/callback`,
    callback_token: keys.token(id, generation, now),
  })
  try {
    const response = await fetch(config.webhookUrl ?? "", {
      method: "POST",
      headers: { "content-type": "application/json", "webhook-signature": keys.signature(body, now) },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const answer: unknown = await response.json().catch(() => null)
    if (!response.ok) return "failed"
    return typeof answer === "object" && answer !== null && "done" in answer && answer.done === true
      ? "done"
      : "accepted"
  } catch {
    return "failed"
  }
}

/** Doubles from one second to a minute, give or take a fifth. */
export function retryDelayMs(failures: number): number {
  const base = Math.min(1000 * 2 ** Math.max(0, failures - 1), LONGEST_DELAY_MS)
  return Math.round(base * (0.8 + Math.random() * 0.4))
}
