/**
 * Appends of many callers to one stream, made few: what is asked for while a request is under way goes with the next
 * one. Without a producer, so only for what its readers recognise as a repeat.
 */
import { appendBody } from "./stream.ts"
import type { FindEndpoint, Patience } from "./transport.ts"

/** Resolves when all of the items are durable, next to each other and in their order. */
export type AppendTogether = (items: readonly unknown[]) => Promise<void>

/** A request takes no more than this, or a single caller's items. */
const MOST_BYTES = 512 * 1024

interface Asked {
  /** Without the brackets of a list. */
  readonly text: string
  readonly settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void }
}

export function appendingTogether(
  endpoint: FindEndpoint,
  name: string,
  patience: Patience = {},
): AppendTogether {
  const waiting: Asked[] = []
  let sending = false

  function take(): readonly Asked[] {
    let bytes = 0
    let count = 0
    for (const { text } of waiting) {
      bytes += text.length
      if (count > 0 && bytes > MOST_BYTES) break
      count += 1
    }
    return waiting.splice(0, count)
  }

  async function send(): Promise<void> {
    // Whoever asks in the same turn goes with the first request.
    await Promise.resolve()
    for (let batch = take(); batch.length > 0; batch = take()) {
      try {
        const body = `[${batch.flatMap(({ text }) => text || []).join(",")}]`
        await appendBody(endpoint, name, { ...patience, body })
        for (const { settle } of batch) settle.resolve()
      } catch (error) {
        for (const { settle } of batch) settle.reject(error)
      }
    }
    sending = false
  }

  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ text: JSON.stringify(items).slice(1, -1), settle: { resolve, reject } })
      if (sending) return
      sending = true
      void send()
    })
}
