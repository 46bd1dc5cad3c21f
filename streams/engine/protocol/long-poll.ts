import type { ServerResponse } from "node:http"
import type { Stream } from "../catalog.ts"
import type { Engine, Run } from "../engine.ts"
import { WINDOW_BYTES } from "../limits.ts"

export interface Wait {
  readonly engine: Engine
  readonly stream: Stream
  readonly position: number
  readonly response: ServerResponse
  readonly waitMs: number
  readonly stopping: AbortSignal
}

/** Resolves with the next records, straight from the commit; with none after `waitMs`, at a close, or at the end. */
export function waitForMore({ engine, stream, position, response, waitMs, stopping }: Wait): Promise<Run> {
  return new Promise((resolve, reject) => {
    const finish = (run: Run) => {
      clearTimeout(timer)
      unwatch()
      leave()
      response.off("close", nothing)
      stopping.removeEventListener("abort", nothing)
      resolve(run)
    }
    const nothing = () => finish({ payloads: [], next: position })
    const timer = setTimeout(nothing, waitMs)
    const leave = engine.readers.enter({ behind: 0, unread: 0 })
    const unwatch = engine.watch(stream, (delta) => {
      if (delta.payloads.length === 0) {
        if (delta.closed || delta.gone) nothing()
        return
      }
      const bytes = delta.payloads.reduce((sum, payload) => sum + payload.length, 0)
      try {
        const fits = delta.from === position && bytes <= WINDOW_BYTES
        finish(
          fits ? { payloads: delta.payloads, next: delta.next } : engine.read(stream, position, WINDOW_BYTES),
        )
      } catch (error) {
        finish({ payloads: [], next: position })
        reject(error)
      }
    })
    response.once("close", nothing)
    stopping.addEventListener("abort", nothing, { once: true })
    if (stopping.aborted) nothing()
  })
}
