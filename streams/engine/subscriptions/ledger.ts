import type { Draft } from "../draft.ts"
import { formatOffset } from "../offset.ts"
import { STREAMS_ROOT } from "../paths.ts"
import { isExpired } from "../stream-meta.ts"
import { newWakeId } from "./keys.ts"
import { firstPending, type Subscription, statusesOf, type TailOf } from "./subscription.ts"

/** Subscriptions as rows of the store: changes of one share their transaction with what caused them. */

const PREFIX = "subscription:"

export const isSubscriptionRow = (name: string): boolean => name.startsWith(PREFIX)

export function parseSubscription(row: Buffer): Subscription {
  return JSON.parse(row.toString())
}

export function loadSubscription(draft: Draft, id: string): Subscription | null {
  const row = draft.control(PREFIX + id)
  return row ? parseSubscription(row) : null
}

export function saveSubscription(draft: Draft, subscription: Subscription): Subscription {
  draft.setControl(PREFIX + subscription.id, Buffer.from(JSON.stringify(subscription)))
  return subscription
}

export function dropSubscription(draft: Draft, id: string): void {
  if (draft.control(PREFIX + id)) draft.setControl(PREFIX + id, null)
}

export function tailsIn(draft: Draft): TailOf {
  return (name) => {
    const meta = draft.find(STREAMS_ROOT + name)
    return formatOffset(meta && !meta.hidden && !isExpired(meta, draft.now) ? meta.next : 0)
  }
}

/** Starts a wake if none is under way and something is pending. Returns the subscription as it then is. */
export function wakeIfPending(draft: Draft, subscription: Subscription, triggeredBy?: string): Subscription {
  if (subscription.wake) return subscription
  const tailOf = tailsIn(draft)
  const pending = firstPending(subscription, tailOf)
  if (pending === null) return subscription
  const { config, generation, id } = subscription
  const tails = Object.fromEntries(
    statusesOf(subscription, tailOf).map(({ path, tail_offset }) => [path, tail_offset]),
  )
  const cause = triggeredBy ?? pending
  const leaseUntil = config.type === "webhook" ? draft.now + config.leaseTtlMs : null
  const wake = { id: newWakeId(), triggeredBy: cause, tails, holder: null, leaseUntil, failures: 0 }
  const woken = saveSubscription(draft, { ...subscription, generation: generation + 1, wake })
  if (config.wakeStream !== null)
    announce(draft, config.wakeStream, { id, stream: cause, generation: woken.generation })
  return woken
}

/** Writes the wake event in the same transaction; without a wake stream a worker can still claim. */
function announce(
  draft: Draft,
  name: string,
  wake: { id: string; stream: string; generation: number },
): void {
  const meta = draft.find(STREAMS_ROOT + name)
  if (!meta || meta.closed || meta.hidden || isExpired(meta, draft.now)) return
  const event = {
    type: "wake",
    subscription_id: wake.id,
    stream: wake.stream,
    generation: wake.generation,
    ts: draft.now,
  }
  draft.append(meta, [Buffer.from(JSON.stringify(event))])
}
