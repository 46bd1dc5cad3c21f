import type { Exporter } from "#daemon/telemetry/exporter"
import type { Meter } from "#daemon/telemetry/meter"
import { spanIdOf, traceIdOf } from "#daemon/telemetry/otlp"
import type { Log } from "../log.ts"

/** Lines of the log that tell of something done to make a session's status true. */
const ACTIONS: ReadonlySet<unknown> = new Set([
  "daemon_started",
  "daemon_ended",
  "daemon_silent",
  "session_closed",
  "reconcile_failed",
  "close_refused",
  "watch_failed",
])

/** What is logged is counted, so that no part of the control plane has to do both. */
export const countedLog =
  (log: Log, meter: Meter, exporter: () => Pick<Exporter, "span"> | null = () => null): Log =>
  (line) => {
    const { event, ms, sessionId } = line
    if (ACTIONS.has(event)) meter.count("agentz_reconcile_actions_total", { action: String(event) })
    if (event === "streams_starting") meter.count("agentz_stream_server_starts_total")
    if (event === "daemon_ready" && typeof ms === "number") {
      meter.observe("agentz_spawn_seconds", ms / 1000)
      const end = Date.now()
      exporter()?.span({
        name: "spawn",
        traceId: traceIdOf(String(sessionId)),
        spanId: spanIdOf(`${sessionId} spawn ${line.epoch}`),
        start: end - ms,
        end,
        attributes: { "agentz.session.id": String(sessionId) },
      })
    }
    log(line)
  }
