/** What a daemon measures of itself while it works, and what it tells a collector where there is one. */
import type { SessionEvent } from "#streams/event"
import type { Exporter } from "./exporter.ts"
import type { Point } from "./measures.ts"
import { Meter } from "./meter.ts"
import { spanIdOf, traceIdOf } from "./otlp.ts"

export interface DaemonTelemetry {
  /** Sends as `fetch` does, and measures what is appended. */
  readonly fetch: typeof globalThis.fetch
  /** Told of each event that is published. */
  saw(event: SessionEvent): void
  /** What waits to be sent, asked when somebody wants to know. */
  backlog: () => { readonly bytes: number }
  /** Hears of each turn and append. */
  exporter: Pick<Exporter, "span"> | null
  points(): Point[]
}

interface Turn {
  readonly turnId: string
  readonly start: number
  readonly began: number
}

export function daemonTelemetry(
  sessionId: string,
  send: typeof globalThis.fetch = globalThis.fetch,
): DaemonTelemetry {
  const meter = new Meter()
  let turn: Turn | null = null
  let appends = 0
  const tell = (name: string, spanId: string, { start, failed, ...more }: Told) =>
    telemetry.exporter?.span({
      name,
      traceId: traceIdOf(sessionId),
      spanId: spanIdOf(spanId),
      ...(more.parent !== undefined && { parentSpanId: spanIdOf(more.parent) }),
      start,
      end: Date.now(),
      attributes: { "agentz.session.id": sessionId, ...more.attributes },
      ...(failed && { failed }),
    })

  const appended = (start: number, began: number, failed: boolean) => {
    if (failed) meter.count("agentz_append_failures_total")
    else meter.observe("agentz_append_seconds", (performance.now() - began) / 1000)
    appends += 1
    tell("append", `${sessionId} ${process.pid} append ${appends}`, {
      start,
      failed,
      ...(turn && { parent: turn.turnId }),
    })
  }

  const telemetry: DaemonTelemetry = {
    backlog: () => ({ bytes: 0 }),
    exporter: null,
    async fetch(input, init) {
      if (init?.method !== "POST") return await send(input, init)
      const [start, began] = [Date.now(), performance.now()]
      try {
        const response = await send(input, init)
        appended(start, began, !response.ok)
        return response
      } catch (error) {
        appended(start, began, true)
        throw error
      }
    },
    saw(event) {
      meter.count("agentz_events_total")
      if (event.type === "workspace_pushed") meter.count("agentz_pushes_total", { outcome: "pushed" })
      if (event.type === "workspace_push_failed")
        meter.count("agentz_pushes_total", { outcome: event.error.code })
      if (event.type === "turn_started")
        turn = { turnId: event.turnId, start: Date.now(), began: performance.now() }
      if (event.type !== "turn_ended") return
      meter.count("agentz_turns_total", { reason: event.stopReason })
      if (turn !== null) {
        meter.observe("agentz_turn_seconds", (performance.now() - turn.began) / 1000)
        tell("turn", turn.turnId, {
          start: turn.start,
          failed: event.stopReason === "error",
          attributes: { "agentz.turn.id": turn.turnId, "agentz.stop_reason": event.stopReason },
        })
      }
      turn = null
    },
    points() {
      meter.set("agentz_spool_bytes", telemetry.backlog().bytes)
      return meter.points()
    },
  }
  return telemetry
}

interface Told {
  readonly start: number
  readonly failed: boolean
  readonly parent?: string
  readonly attributes?: Readonly<Record<string, string>>
}
