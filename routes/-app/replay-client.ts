/** A session page's line to its replay worker, which is started by the first question. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react"
import type { FromReplay, ReplayCalls, ReplayMethod, ToReplay } from "./replay-protocol.ts"

export interface ReplayLine {
  /** Answers from all events of the session, those up to `upTo` for certain. */
  ask<Method extends ReplayMethod>(
    method: Method,
    ask: Parameters<ReplayCalls[Method]>[0],
    upTo: number,
  ): Promise<ReturnType<ReplayCalls[Method]>>
  /** How many events were read so far. */
  readonly read: number
  subscribe(listener: () => void): () => void
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

function openLine(stream: string): ReplayLine & { close(): void } {
  let worker: Worker | null = null
  let nextId = 1
  let read = 0
  const waiting = new Map<number, Waiting>()
  const listeners = new Set<() => void>()

  const receive = (message: FromReplay) => {
    if (message.type === "progress") {
      read = message.read
      for (const listener of listeners) listener()
      return
    }
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.type === "answer") asked?.resolve(message.value)
    else asked?.reject(new Error(message.message))
  }
  const start = (): Worker => {
    // Its name tells it what to read.
    const started = new Worker(new URL("./replay-worker.ts", import.meta.url), {
      type: "module",
      name: stream,
    })
    started.addEventListener("message", ({ data }: MessageEvent<FromReplay>) => receive(data))
    started.addEventListener("error", () => {
      for (const { reject } of waiting.values()) reject(new Error("The history could not be loaded."))
      waiting.clear()
      worker = null
    })
    return started
  }
  return {
    ask: (method, ask, upTo) => {
      worker ??= start()
      const id = nextId++
      worker.postMessage({ id, method, ask, upTo } satisfies ToReplay)
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: resolve as Waiting["resolve"], reject })
      })
    },
    get read() {
      return read
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      worker?.terminate()
      worker = null
    },
  }
}

/** `stream` tells what happened in the session: its events, or its archive. */
export function useReplay(stream: string): ReplayLine {
  const line = useMemo(() => openLine(stream), [stream])
  useEffect(() => () => line.close(), [line])
  return line
}

export const useEventsRead = (line: ReplayLine): number =>
  useSyncExternalStore(line.subscribe, () => line.read)

/** An answer that is asked for anew when the question or the session changes. The last one stays meanwhile. */
export function useReplayed<Method extends ReplayMethod>(
  line: ReplayLine,
  method: Method,
  ask: Parameters<ReplayCalls[Method]>[0],
  upTo: number,
): { readonly value: ReturnType<ReplayCalls[Method]> | null; readonly problem: string | null } {
  type Answer = ReturnType<ReplayCalls[Method]>
  const [answer, setAnswer] = useState<{ value: Answer | null; problem: string | null }>({
    value: null,
    problem: null,
  })
  const question = JSON.stringify(ask)
  useEffect(() => {
    let current = true
    line.ask(method, JSON.parse(question), upTo).then(
      (value) => current && setAnswer({ value, problem: null }),
      (error: Error) => current && setAnswer(({ value }) => ({ value, problem: error.message })),
    )
    return () => {
      current = false
    }
  }, [line, method, question, upTo])
  return answer
}
