import { expect, test } from "vitest"
import { daemonTelemetry } from "#daemon/telemetry/daemon-telemetry"
import { exporterFor } from "#daemon/telemetry/exporter-for"
import { Meter } from "#daemon/telemetry/meter"
import { spanIdOf, traceIdOf } from "#daemon/telemetry/otlp"
import { otelVariables, otlpSettings } from "#daemon/telemetry/otlp-settings"
import type { SessionEvent } from "#streams/event"
import { TurnId } from "#streams/ids"
import { collector } from "../../support/collector.ts"

const both = ["traces", "metrics"] as const
const turnId = TurnId.parse("turn_a")
const stamp = { id: "evt_a", seq: 0, epoch: 1, at: "2026-01-01T00:00:00.000Z" }
const begun: SessionEvent = { ...stamp, type: "turn_started", turnId, cause: "user" }
const ended = (stopReason: "end_turn" | "error"): SessionEvent => ({
  ...stamp,
  type: "turn_ended",
  turnId,
  stopReason,
})

test("without an endpoint, or when it is switched off, nothing is exported and nothing loaded", async () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }
  expect(otlpSettings({})).toBeNull()
  expect(otelVariables({ OTEL_SERVICE_NAME: "x", PATH: "/bin" })).toBeUndefined()
  expect(otlpSettings({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeNull()
  expect(otlpSettings({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toBeNull()
  expect(otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: "not an address" })).toBeNull()
  expect(otlpSettings({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toMatchObject({ traces: null })
  const options = { version: "1", signals: both, points: () => [], onTrouble: () => undefined }
  expect(await exporterFor(undefined, options)).toBeNull()
})

test("the standard variables say where, with which headers and as whom", () => {
  expect(
    otlpSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://c.example:4318/base/",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t.example/in",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20k%3D, x=1",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x=2",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=a",
      OTEL_SERVICE_NAME: "mine",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      OTEL_EXPORTER_OTLP_TIMEOUT: "nonsense",
    }),
  ).toEqual({
    traces: { url: "https://t.example/in", headers: { authorization: "Bearer k=", x: "1" } },
    metrics: {
      url: "https://c.example:4318/base/v1/metrics",
      headers: { authorization: "Bearer k=", x: "2" },
    },
    resource: { "service.name": "mine", team: "a" },
    metricIntervalMs: 5_000,
    timeoutMs: 10_000,
  })
})

test("a collector hears of turns and of their appends, in the trace of the session", async () => {
  await using there = await collector()
  const telemetry = daemonTelemetry("ses_a", async () => new Response(null, { status: 204 }))
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: there.url, OTEL_EXPORTER_OTLP_HEADERS: "x-key=secret" }
  {
    await using exporter = await exporterFor(variables, {
      version: "1.2.3",
      signals: ["traces"],
      points: () => [],
      onTrouble: () => undefined,
    })
    telemetry.exporter = exporter
    telemetry.saw(begun)
    await telemetry.fetch("http://127.0.0.1/", { method: "POST" })
    telemetry.saw(ended("error"))
  }
  const [append, turn] = there.spans()
  expect(turn).toMatchObject({
    name: "turn",
    traceId: traceIdOf("ses_a"),
    spanId: spanIdOf("turn_a"),
    status: { code: 2 },
    attributes: expect.arrayContaining([{ key: "agentz.stop_reason", value: { stringValue: "error" } }]),
  })
  expect(append).toMatchObject({
    name: "append",
    traceId: traceIdOf("ses_a"),
    parentSpanId: spanIdOf("turn_a"),
  })
  expect(turn?.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(append?.spanId).toMatch(/^[0-9a-f]{16}$/)
  expect(Number(turn?.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(turn?.startTimeUnixNano))
  expect(there.sent[0]?.headers).toMatchObject({ "x-key": "secret", "content-type": "application/json" })
  expect(there.sent.map(({ path }) => path)).toEqual(["/v1/traces"])
})

test("measures are sent now and then as sums, gauges and histograms", async () => {
  await using there = await collector()
  const meter = new Meter()
  meter.count("agentz_turns_total", { reason: "end_turn" }, 3)
  meter.set("agentz_daemons", 2)
  meter.observe("agentz_turn_seconds", 0.3)
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: there.url, OTEL_METRIC_EXPORT_INTERVAL: "20" }
  await using _exporter = await exporterFor(variables, {
    version: "1",
    signals: both,
    points: () => meter.points(),
    onTrouble: () => undefined,
  })
  await expect.poll(() => there.metrics().length).toBeGreaterThanOrEqual(3)
  const named = (name: string) => there.metrics().find((metric) => metric.name === name)
  expect(named("agentz_turns_total")).toMatchObject({
    sum: {
      isMonotonic: true,
      aggregationTemporality: 2,
      dataPoints: [{ asDouble: 3, attributes: [{ key: "reason", value: { stringValue: "end_turn" } }] }],
    },
  })
  expect(named("agentz_daemons")).toMatchObject({ gauge: { dataPoints: [{ asDouble: 2 }] } })
  expect(named("agentz_turn_seconds")).toMatchObject({
    unit: "s",
    histogram: { dataPoints: [{ count: "1", sum: 0.3 }] },
  })
})

test("a collector that is away or refuses holds nothing up, and is told of once", async () => {
  const troubles: (string | null)[] = []
  const open = (url: string) =>
    exporterFor(
      { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: "15" },
      { version: "1", signals: both, points: () => meter.points(), onTrouble: (one) => troubles.push(one) },
    )
  const meter = new Meter()
  meter.set("agentz_daemons", 1)
  await using there = await collector()
  there.answers(503)
  {
    await using _refused = await open(there.url)
    await expect.poll(() => there.sent.length).toBeGreaterThan(3)
    expect(troubles).toEqual(["The collector answered 503."])
    there.answers(200)
    await expect.poll(() => troubles.length).toBe(2)
    expect(troubles[1]).toBeNull()
  }
  {
    await using away = await open("http://127.0.0.1:9")
    const span = { name: "x", traceId: "0", spanId: "0", start: 0, end: 0, attributes: {} }
    for (let index = 0; index < 10_000; index++) away?.span(span)
    await expect.poll(() => troubles.length).toBe(3)
  }
  expect(troubles[2]).toContain("does not answer")
})
