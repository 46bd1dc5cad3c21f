/** Follows the rows of one stream: one connection, however many sessions or runs they are about. */
import { follow } from "#streams/follow"
import { isRow } from "#streams/registry"
import { addressOf, authorization, type FindEndpoint } from "#streams/transport"

export interface Rows<Value> {
  /** As of the last rows that came. */
  readonly value: Value
  /** `next` resolves when a row of that key has come since it resolved last. */
  watch(key: string): Disposable & { next(): Promise<void> }
  /** Resolves when all rows that there were have come. */
  readonly ready: Promise<void>
  /** Resolves when the signal has aborted; rejects when the server refuses to be read. */
  readonly done: Promise<void>
}

export function followRows<Value>(
  endpoint: FindEndpoint,
  stream: string,
  {
    empty,
    fold,
    onChange = () => undefined,
    signal,
  }: {
    readonly empty: Value
    readonly fold: (value: Value, rows: readonly unknown[]) => Value
    /** Called with the keys of all rows that came at once, before those who listen to one key. */
    readonly onChange?: (keys: ReadonlySet<string>, value: Value) => void
    readonly signal: AbortSignal
  },
): Rows<Value> {
  const listeners = new Map<string, Set<() => void>>()
  let value = empty
  let isReady: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  const url = () => addressOf(endpoint(), stream)
  const headers = () => authorization(endpoint())
  const read = async () => {
    for await (const { items, upToDate } of follow({ url, headers, signal })) {
      value = fold(value, items)
      const keys = new Set(items.flatMap((item) => (isRow(item) ? [item.key] : [])))
      if (keys.size > 0) onChange(keys, value)
      for (const key of keys) for (const listener of [...(listeners.get(key) ?? [])]) listener()
      if (upToDate) isReady()
    }
  }
  return {
    get value() {
      return value
    },
    watch(key) {
      let isNew = false
      let heard: () => void = () => undefined
      const listener = () => {
        isNew = true
        heard()
      }
      const own = listeners.get(key) ?? new Set()
      listeners.set(key, own.add(listener))
      return {
        async next() {
          if (!isNew)
            await new Promise<void>((resolve) => {
              heard = resolve
            })
          isNew = false
        },
        [Symbol.dispose]() {
          own.delete(listener)
          if (own.size === 0) listeners.delete(key)
        },
      }
    },
    ready,
    done: read(),
  }
}
