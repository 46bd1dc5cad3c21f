/** What a daemon measures of itself while it works. */
import type { SessionEvent } from "#streams/event"
import type { Point } from "./measures.ts"
import { Meter } from "./meter.ts"

export interface DaemonTelemetry {
  /** Sends as `fetch` does, and measures what is appended. */
  readonly fetch: typeof globalThis.fetch
  /** Told of each event that is published. */
  saw(event: SessionEvent): void
  /** What waits to be sent, asked when somebody wants to know. */
  backlog: () => { readonly bytes: number }
  points(): Point[]
}

export function daemonTelemetry(send: typeof globalThis.fetch = globalThis.fetch): DaemonTelemetry {
  const meter = new Meter()
  let turnBegan: number | null = null
  const telemetry: DaemonTelemetry = {
    backlog: () => ({ bytes: 0 }),
    async fetch(input, init) {
      if (init?.method !== "POST") return await send(input, init)
      const began = performance.now()
      try {
        const response = await send(input, init)
        if (response.ok) meter.observe("agentz_append_seconds", (performance.now() - began) / 1000)
        else meter.count("agentz_append_failures_total")
        return response
      } catch (error) {
        meter.count("agentz_append_failures_total")
        throw error
      }
    },
    saw(event) {
      meter.count("agentz_events_total")
      if (event.type === "turn_started") turnBegan = performance.now()
      if (event.type !== "turn_ended") return
      meter.count("agentz_turns_total", { reason: event.stopReason })
      if (turnBegan !== null) meter.observe("agentz_turn_seconds", (performance.now() - turnBegan) / 1000)
      turnBegan = null
    },
    points() {
      meter.set("agentz_spool_bytes", telemetry.backlog().bytes)
      return meter.points()
    },
  }
  return telemetry
}
