/** Everything that is measured, by name. What a name measures stays as it is: dashboards are built on it. */
import { z } from "zod"

export interface Measure {
  /** `counter` only grows while its process lives; `histogram` counts seconds in {@link BOUNDS}. */
  readonly kind: "counter" | "gauge" | "histogram"
  readonly help: string
}

const counter = (help: string) => ({ kind: "counter", help }) as const
const gauge = (help: string) => ({ kind: "gauge", help }) as const
const histogram = (help: string) => ({ kind: "histogram", help }) as const

export const MEASURES = {
  agentz_info: gauge("1, with the version of the API."),
  agentz_sessions: gauge("Sessions, by status."),
  agentz_daemons: gauge("Daemons that answered within a second."),
  agentz_spawn_seconds: histogram("From the start of a daemon's process to the proof that it lives."),
  agentz_reconcile_actions_total: counter("What was done to make the status of sessions true, by action."),
  agentz_stream_server_starts_total: counter("Starts of the embedded stream server by this API."),
  agentz_append_seconds: histogram("Answered appends of daemons to their session's events."),
  agentz_append_failures_total: counter(
    "Appends of daemons that were not answered, or refused, and are repeated.",
  ),
  agentz_events_total: counter("Events that daemons published."),
  agentz_turns_total: counter("Turns that came to an end, by how they ended."),
  agentz_turn_seconds: histogram("From a turn's start to its end."),
  agentz_pushes_total: counter("Pushes of branches and checkpoints to remotes, by what became of them."),
  agentz_unpushed_sessions: gauge(
    "Sessions that are to be pushed and have checkpoints that are nowhere else.",
  ),
  agentz_recovery_sessions: gauge(
    "Sessions that had nowhere to work any more when this API started, by state.",
  ),
  agentz_spool_bytes: gauge("Events that daemons hold and the stream server has not acknowledged."),
  agentz_http_requests_total: counter("Answered requests, by area and class of status."),
  agentz_http_seconds: histogram(
    "From a request to the end of its answer, by area; live readers are left out.",
  ),
  agentz_live_readers: gauge("Open answers that stay open: live reads of streams and subscriptions."),
  process_resident_memory_bytes: gauge("Memory of the API."),
  process_cpu_seconds_total: counter("Processor time of the API."),
  process_start_time_seconds: gauge("When the API started, in seconds since 1970."),
  nodejs_eventloop_lag_seconds: gauge("The longest wait for the API's event loop since the last look."),
} as const satisfies Readonly<Record<string, Measure>>

export type MeasureName = keyof typeof MEASURES
export type NameOf<Kind extends Measure["kind"]> = {
  [Name in MeasureName]: (typeof MEASURES)[Name]["kind"] extends Kind ? Name : never
}[MeasureName]

/** Upper ends of a histogram's buckets, in seconds; beyond the last is one more. */
export const BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
]

const name = z.enum(Object.keys(MEASURES) as [MeasureName, ...MeasureName[]])
const labels = z.record(z.string(), z.string())

/** A measure with its labels: one number, or how many seconds fell into each bucket. */
export const Point = z.union([
  z.object({ name, labels, value: z.number() }),
  z.object({ name, labels, counts: z.array(z.number()).length(BOUNDS.length + 1), sum: z.number() }),
])
export type Point = z.infer<typeof Point>
