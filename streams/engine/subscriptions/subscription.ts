import { createHash } from "node:crypto"

/** What was asked for. Two requests with the same configuration are the same subscription. */
export interface SubscriptionConfig {
  readonly type: "webhook" | "pull-wake"
  readonly pattern: string | null
  readonly streams: readonly string[]
  readonly webhookUrl: string | null
  readonly wakeStream: string | null
  readonly leaseTtlMs: number
  readonly description: string | null
}

export interface Link {
  readonly explicit: boolean
  readonly glob: boolean
  readonly acked: string
}

/** A wake that somebody is, or should be, working on. A higher generation fences the ones before. */
export interface Wake {
  readonly id: string
  readonly triggeredBy: string
  /** Where the streams ended when it was sent. */
  readonly tails: Readonly<Record<string, string>>
  readonly holder: string | null
  /** When its lease ends; a pull-wake nobody claimed has none. */
  readonly leaseUntil: number | null
  readonly failures: number
}

/** All of it is stored, so that leases and generations survive a restart. */
export interface Subscription {
  readonly id: string
  readonly config: SubscriptionConfig
  readonly createdAt: string
  readonly links: Readonly<Record<string, Link>>
  readonly generation: number
  readonly wake: Wake | null
}

export interface StreamStatus {
  readonly path: string
  readonly link_type: "explicit" | "glob"
  readonly acked_offset: string
  readonly tail_offset: string
  readonly has_pending: boolean
}

/** Where a stream ends, by its name under the root. */
export type TailOf = (name: string) => string

/** Acknowledged nothing yet: sorts before every offset. */
export const BEFORE_FIRST = "-1"

export function statusesOf(subscription: Subscription, tailOf: TailOf): StreamStatus[] {
  return Object.entries(subscription.links).map(([path, link]) => {
    const tail = tailOf(path)
    return {
      path,
      link_type: link.explicit ? "explicit" : "glob",
      acked_offset: link.acked,
      tail_offset: tail,
      has_pending: tail > link.acked,
    }
  })
}

export function firstPending(subscription: Subscription, tailOf: TailOf): string | null {
  return statusesOf(subscription, tailOf).find((status) => status.has_pending)?.path ?? null
}

export function withLink(subscription: Subscription, name: string, link: Link): Subscription {
  const known = subscription.links[name]
  const merged = known
    ? { ...known, explicit: known.explicit || link.explicit, glob: known.glob || link.glob }
    : link
  return { ...subscription, links: { ...subscription.links, [name]: merged } }
}

export function withoutLink(subscription: Subscription, name: string): Subscription {
  const { [name]: _, ...links } = subscription.links
  return { ...subscription, links }
}

/** Removes what was asked for by name; a pattern may still hold the stream. */
export function withoutExplicit(subscription: Subscription, name: string): Subscription {
  const link = subscription.links[name]
  if (!link?.explicit) return subscription
  if (!link.glob) return withoutLink(subscription, name)
  return { ...subscription, links: { ...subscription.links, [name]: { ...link, explicit: false } } }
}

export function withAcks(subscription: Subscription, acks: Readonly<Record<string, string>>): Subscription {
  const links = { ...subscription.links }
  for (const [name, offset] of Object.entries(acks)) {
    const link = links[name]
    if (link) links[name] = { ...link, acked: offset }
  }
  return { ...subscription, links }
}

export function sameConfig(a: SubscriptionConfig, b: SubscriptionConfig): boolean {
  return fingerprint(a) === fingerprint(b)
}

function fingerprint({ streams, ...rest }: SubscriptionConfig): string {
  const canonical = { ...rest, streams: [...new Set(streams)].sort() }
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(canonical).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex")
}
