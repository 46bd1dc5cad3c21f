import type { Delta, Stream } from "../catalog.ts"
import type { Draft } from "../draft.ts"
import type { Engine } from "../engine.ts"
import { isReserved, STREAMS_ROOT } from "../paths.ts"
import { globMatch } from "./glob.ts"
import { SubscriptionKeys } from "./keys.ts"
import {
  dropSubscription,
  isSubscriptionRow,
  loadSubscription,
  parseSubscription,
  saveSubscription,
  tailsIn,
  wakeIfPending,
} from "./ledger.ts"
import {
  BEFORE_FIRST,
  type StreamStatus,
  type Subscription,
  type SubscriptionConfig,
  sameConfig,
  statusesOf,
  withAcks,
  withLink,
  withoutExplicit,
  withoutLink,
} from "./subscription.ts"
import { SubscriptionError } from "./subscription-error.ts"
import { type Delivery, deliver, retryDelayMs } from "./webhook.ts"

/** What a worker says about the wake it holds. */
export interface WakeReport {
  readonly wakeId: string
  readonly generation: number
  readonly acks: Readonly<Record<string, string>>
  readonly done: boolean
}

export interface Claim {
  readonly wake_id: string
  readonly generation: number
  readonly token: string
  readonly streams: readonly StreamStatus[]
  readonly lease_ttl_ms: number
}

const KEYS_ROW = "subscription-keys"

/** Tells webhooks and workers that streams have news. Leases and generations are rows like everything else. */
export class Subscriptions {
  readonly keys: SubscriptionKeys
  readonly #engine: Engine
  readonly #origin: string
  readonly #storedKeys: Buffer
  /** As committed; the rows are the truth. */
  readonly #known = new Map<string, Subscription>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #stopped = false

  /** Takes up what the last run left: leases go on, and what arrived unnoticed wakes now. */
  constructor(engine: Engine, origin: string) {
    this.#engine = engine
    this.#origin = origin
    this.#storedKeys = engine.catalog.control.get(KEYS_ROW) ?? SubscriptionKeys.generate()
    this.keys = SubscriptionKeys.parse(this.#storedKeys)
    for (const [name, row] of engine.catalog.control)
      if (isSubscriptionRow(name)) this.#remember(parseSubscription(row))
    for (const subscription of this.#known.values()) {
      if (subscription.wake) this.#follow(subscription)
      else {
        const resume = (draft: Draft, current: Subscription) =>
          wakeIfPending(draft, linkAll(draft, current, engine))
        this.#background(this.#change(subscription.id, resume))
      }
    }
    engine.onCommit((deltas) => this.#hear(deltas))
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  get(id: string): Subscription {
    const subscription = this.#known.get(id)
    if (!subscription) throw new SubscriptionError("SUBSCRIPTION_NOT_FOUND", "There is no such subscription.")
    return subscription
  }

  /** Each linked stream as it is now. */
  statuses(subscription: Subscription): StreamStatus[] {
    return statusesOf(subscription, (name) => this.#engine.tailOf(STREAMS_ROOT + name))
  }

  async create(
    id: string,
    config: SubscriptionConfig,
  ): Promise<{ subscription: Subscription; fresh: boolean }> {
    const engine = this.#engine
    const result = await engine.change((draft) => {
      const existing = loadSubscription(draft, id)
      if (existing) {
        if (sameConfig(existing.config, config)) return { subscription: existing, fresh: false }
        throw new SubscriptionError("SUBSCRIPTION_ALREADY_EXISTS", "It exists with another configuration.")
      }
      if (!draft.control(KEYS_ROW)) draft.setControl(KEYS_ROW, this.#storedKeys)
      const tailOf = tailsIn(draft)
      const createdAt = new Date(draft.now).toISOString()
      let subscription: Subscription = { id, config, createdAt, links: {}, generation: 0, wake: null }
      for (const name of config.streams) {
        subscription = withLink(subscription, name, { explicit: true, glob: false, acked: tailOf(name) })
      }
      for (const name of matching(engine, config.pattern)) {
        subscription = withLink(subscription, name, { explicit: false, glob: true, acked: tailOf(name) })
      }
      return { subscription: saveSubscription(draft, subscription), fresh: true }
    })
    this.#remember(result.subscription)
    return result
  }

  async delete(id: string): Promise<void> {
    await this.#engine.change((draft) => dropSubscription(draft, id), { frees: true })
    this.#known.delete(id)
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  async link(id: string, names: readonly string[]): Promise<void> {
    await this.#change(id, (draft, subscription) => {
      const tailOf = tailsIn(draft)
      return names.reduce(
        (changed, name) => withLink(changed, name, { explicit: true, glob: false, acked: tailOf(name) }),
        subscription,
      )
    })
  }

  async unlink(id: string, name: string): Promise<void> {
    await this.#change(id, (_, subscription) => withoutExplicit(subscription, name))
  }

  /** Takes the lease of a pull-wake for a worker. */
  async claim(id: string, worker: string): Promise<Claim> {
    const claimed = await this.#change(id, (draft, subscription) => {
      if (subscription.wake?.holder != null) {
        throw new SubscriptionError("ALREADY_CLAIMED", "Another worker holds the lease.", {
          current_holder: subscription.wake.holder,
          generation: subscription.generation,
        })
      }
      const { wake, ...rest } = wakeIfPending(draft, subscription)
      if (!wake || !statusesOf({ ...rest, wake }, tailsIn(draft)).some((status) => status.has_pending)) {
        throw new SubscriptionError("NO_PENDING_WORK", "Nothing is pending.")
      }
      return { ...rest, wake: { ...wake, holder: worker, leaseUntil: draft.now + rest.config.leaseTtlMs } }
    })
    return {
      wake_id: claimed.wake?.id ?? "",
      generation: claimed.generation,
      token: this.keys.token(id, claimed.generation, this.#engine.now()),
      streams: this.statuses(claimed),
      lease_ttl_ms: claimed.config.leaseTtlMs,
    }
  }

  /** Acknowledges, extends the lease, and ends the wake when done. Returns whether the next one began. */
  async report(id: string, report: WakeReport): Promise<{ nextWake: boolean }> {
    const changed = await this.#change(id, (draft, subscription) => {
      const wake = this.#held(subscription, report)
      checkAcks(draft, subscription, report.acks)
      const acked = withAcks(subscription, report.acks)
      if (report.done) return wakeIfPending(draft, saveSubscription(draft, { ...acked, wake: null }))
      return { ...acked, wake: { ...wake, leaseUntil: draft.now + acked.config.leaseTtlMs } }
    })
    return { nextWake: report.done && changed.wake !== null }
  }

  /** Gives the lease back; what is still pending wakes again. */
  async release(id: string, report: WakeReport): Promise<void> {
    await this.#change(id, (draft, subscription) => {
      this.#held(subscription, report)
      return wakeIfPending(draft, saveSubscription(draft, { ...subscription, wake: null }))
    })
  }

  #held(subscription: Subscription, report: WakeReport) {
    const { wake, generation } = subscription
    if (!wake || report.generation !== generation || report.wakeId !== wake.id) {
      throw new SubscriptionError("FENCED", "The wake is of an older generation: stop working on it.")
    }
    return wake
  }

  async #change(
    id: string,
    edit: (draft: Draft, subscription: Subscription) => Subscription,
  ): Promise<Subscription> {
    const changed = await this.#engine.change((draft) => {
      const current = loadSubscription(draft, id)
      if (!current) throw new SubscriptionError("SUBSCRIPTION_NOT_FOUND", "There is no such subscription.")
      const edited = edit(draft, current)
      return edited === current ? current : saveSubscription(draft, edited)
    })
    const before = this.#known.get(id)
    this.#remember(changed)
    if (
      changed.wake &&
      (before?.wake?.id !== changed.wake.id || before.wake.leaseUntil !== changed.wake.leaseUntil)
    ) {
      this.#follow(changed, before?.wake?.id !== changed.wake.id)
    }
    return changed
  }

  #remember(subscription: Subscription): void {
    this.#known.set(subscription.id, subscription)
    if (!subscription.wake) {
      clearTimeout(this.#timers.get(subscription.id))
      this.#timers.delete(subscription.id)
    }
  }

  #hear(deltas: ReadonlyArray<readonly [Stream, Delta]>): void {
    if (this.#known.size === 0 || this.#stopped) return
    for (const [{ meta }, delta] of deltas) {
      if (isReserved(meta.path) || (delta.from === delta.next && !delta.gone)) continue
      const name = meta.path.slice(STREAMS_ROOT.length)
      for (const subscription of this.#known.values()) this.#notice(subscription, name, delta.gone)
    }
  }

  #notice({ id, config, links, wake }: Subscription, name: string, gone: boolean): void {
    const linked = links[name] !== undefined
    const matched = config.pattern !== null && globMatch(config.pattern, name)
    if (gone ? !linked : linked ? wake !== null : !matched) return
    const glob = { explicit: false, glob: true, acked: BEFORE_FIRST }
    this.#background(
      this.#change(id, (draft, current) => {
        if (gone) return withoutLink(current, name)
        return wakeIfPending(draft, current.links[name] ? current : withLink(current, name, glob), name)
      }),
    )
  }

  /** Watches over a wake: sends the webhook, and lets the lease run out. */
  #follow(subscription: Subscription, send = true): void {
    const { id, wake, config } = subscription
    if (!wake || this.#stopped) return
    if (wake.leaseUntil !== null) this.#expireAt(id, wake.id, wake.leaseUntil)
    if (config.type === "webhook" && send) this.#background(this.#deliver(subscription))
  }

  #expireAt(id: string, wakeId: string, at: number): void {
    clearTimeout(this.#timers.get(id))
    const expire = () =>
      this.#background(
        this.#change(id, (draft, current) => {
          const { wake } = current
          if (wake?.id !== wakeId || (wake.leaseUntil ?? 0) > draft.now) return current
          return wakeIfPending(draft, saveSubscription(draft, { ...current, wake: null }))
        }),
      )
    this.#timers.set(id, setTimeout(expire, Math.max(0, at - this.#engine.now()) + 1).unref())
  }

  async #deliver(subscription: Subscription): Promise<void> {
    const { id, wake, generation } = subscription
    if (!wake) return
    const delivery: Delivery = {
      subscription,
      wake,
      streams: this.statuses(subscription),
      origin: this.#origin,
      keys: this.keys,
      now: this.#engine.now(),
    }
    const answer = await deliver(delivery)
    if (this.#stopped) return
    if (answer === "failed") {
      const failed = await this.#change(id, (_, current) => {
        if (current.wake?.id !== wake.id) return current
        return {
          ...current,
          wake: { ...current.wake, failures: current.wake.failures + 1, leaseUntil: null },
        }
      })
      if (failed.wake?.id !== wake.id) return
      clearTimeout(this.#timers.get(id))
      const again = () => this.#background(this.#deliver(failed))
      this.#timers.set(id, setTimeout(again, retryDelayMs(failed.wake.failures)).unref())
    } else if (answer === "done") {
      await this.report(id, { wakeId: wake.id, generation, acks: wake.tails, done: true })
    } else if (wake.failures > 0) {
      await this.#change(id, (draft, current) => {
        if (current.wake?.id !== wake.id) return current
        const leaseUntil = draft.now + current.config.leaseTtlMs
        return { ...current, wake: { ...current.wake, failures: 0, leaseUntil } }
      })
    }
  }

  #background(work: Promise<unknown>): void {
    void work.catch((error: unknown) => {
      if (error instanceof SubscriptionError || this.#stopped) return
      this.#engine.log({ event: "subscription_failed", reason: String(error) })
    })
  }
}

function matching(engine: Engine, pattern: string | null): string[] {
  if (pattern === null) return []
  const paths = [...engine.catalog.byPath.keys()].filter((path) => !isReserved(path))
  return paths.map((path) => path.slice(STREAMS_ROOT.length)).filter((name) => globMatch(pattern, name))
}

/** Streams that appeared while nobody listened. */
function linkAll(draft: Draft, subscription: Subscription, engine: Engine): Subscription {
  return matching(engine, subscription.config.pattern)
    .filter((name) => !subscription.links[name] && (draft.find(STREAMS_ROOT + name)?.next ?? 0) > 0)
    .reduce(
      (linked, name) => withLink(linked, name, { explicit: false, glob: true, acked: BEFORE_FIRST }),
      subscription,
    )
}

function checkAcks(draft: Draft, subscription: Subscription, acks: Readonly<Record<string, string>>): void {
  const tailOf = tailsIn(draft)
  for (const [name, offset] of Object.entries(acks)) {
    const link = subscription.links[name]
    if (!link) throw new SubscriptionError("INVALID_OFFSET", `${name} is not part of the subscription.`)
    if (offset === BEFORE_FIRST)
      throw new SubscriptionError("INVALID_OFFSET", "An acknowledgement cannot be -1.")
    if (offset < link.acked) throw new SubscriptionError("INVALID_OFFSET", "More was acknowledged already.")
    if (offset > tailOf(name))
      throw new SubscriptionError("INVALID_OFFSET", "The stream does not reach that far.")
  }
}
