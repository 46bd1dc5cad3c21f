/** What is measured and what took its time, as OTLP over HTTP has it in JSON. Pure. */
import { createHash } from "node:crypto"
import { BOUNDS, MEASURES, type MeasureName, type Point } from "./measures.ts"

export interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  /** Milliseconds since 1970. */
  readonly start: number
  readonly end: number
  readonly attributes: Readonly<Record<string, string>>
  readonly failed?: boolean
}

const hex = (text: string, digits: number) => createHash("sha256").update(text).digest("hex").slice(0, digits)

/** All that happens in a session is one trace, whichever process tells of it. */
export const traceIdOf = (sessionId: string): string => hex(`trace ${sessionId}`, 32)
export const spanIdOf = (name: string): string => hex(`span ${name}`, 16)

const nanoseconds = (ms: number): string => (BigInt(Math.round(ms * 1000)) * 1000n).toString()
const attributes = (pairs: Readonly<Record<string, string>>) =>
  Object.entries(pairs).map(([key, stringValue]) => ({ key, value: { stringValue } }))

interface About {
  readonly resource: Readonly<Record<string, string>>
  readonly version: string
}
const scope = ({ version }: About) => ({ name: "agentz", version })

export const tracesOf = (spans: readonly Span[], about: About) => ({
  resourceSpans: [
    {
      resource: { attributes: attributes(about.resource) },
      scopeSpans: [
        {
          scope: scope(about),
          spans: spans.map(({ start, end, failed, attributes: pairs, ...span }) => ({
            ...span,
            kind: 1,
            startTimeUnixNano: nanoseconds(start),
            endTimeUnixNano: nanoseconds(end),
            attributes: attributes(pairs),
            status: { code: failed === true ? 2 : 0 },
          })),
        },
      ],
    },
  ],
})

/** `since` is when counting began. */
export function metricsOf(
  points: readonly Point[],
  about: About,
  { since, now }: { since: number; now: number },
) {
  const times = { startTimeUnixNano: nanoseconds(since), timeUnixNano: nanoseconds(now) }
  const names = [...new Set(points.map(({ name }) => name))]
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes(about.resource) },
        scopeMetrics: [{ scope: scope(about), metrics: names.map((name) => metricOf(name, points, times)) }],
      },
    ],
  }
}

const CUMULATIVE = 2

function metricOf(name: MeasureName, points: readonly Point[], times: object) {
  const { kind, help: description } = MEASURES[name]
  const dataPoints = points
    .filter((point) => point.name === name)
    .map((point) => ({
      attributes: attributes(point.labels),
      ...times,
      ...("value" in point
        ? { asDouble: point.value }
        : {
            count: String(point.counts.reduce((sum, count) => sum + count, 0)),
            sum: point.sum,
            bucketCounts: point.counts.map(String),
            explicitBounds: BOUNDS,
          }),
    }))
  const head = { name, description, ...(name.includes("_seconds") && { unit: "s" }) }
  switch (kind) {
    case "gauge":
      return { ...head, gauge: { dataPoints } }
    case "counter":
      return { ...head, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } }
    case "histogram":
      return { ...head, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } }
  }
}
