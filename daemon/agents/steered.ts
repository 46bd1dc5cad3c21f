/** Messages that come into a running turn, held until the agent is between two steps. */
import { setImmediate } from "node:timers/promises"

export interface SteeredMessages extends Disposable {
  /** Resolves with whether the agent took it; `false` once the turn is over or `signal` aborts. */
  offer(text: string, signal: AbortSignal): Promise<boolean>
  /** All that came since the last call, oldest first. Whoever takes them must act on them in this turn. */
  take(): Promise<readonly string[]>
}

export function steeredMessages(): SteeredMessages {
  const waiting = new Map<string, { readonly text: string; settle(taken: boolean): void }>()
  let count = 0
  let over = false

  const settleAll = (taken: boolean) => {
    const all = [...waiting.values()]
    waiting.clear()
    for (const { settle } of all) settle(taken)
    return all.map(({ text }) => text)
  }

  return {
    offer(text, signal) {
      if (over || signal.aborted) return Promise.resolve(false)
      const key = String(count++)
      return new Promise((settle) => {
        waiting.set(key, { text, settle })
        signal.addEventListener("abort", () => waiting.delete(key) && settle(false), { once: true })
      })
    },
    async take() {
      const texts = settleAll(true)
      // The client hears that it was taken before it hears what the agent makes of it.
      if (texts.length > 0) await setImmediate()
      return texts
    },
    [Symbol.dispose]() {
      over = true
      settleAll(false)
    },
  }
}
