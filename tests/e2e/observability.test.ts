/** What a real installation tells about itself: metrics, readiness, logs, and a collector where one is named. */
import { expect, test } from "vitest"
import { traceIdOf } from "#daemon/telemetry/otlp"
import { collector } from "../support/collector.ts"
import { Installation } from "./installation.ts"

test("metrics, readiness and logs tell of a session, and a collector hears of its start, turn and appends", async () => {
  await using there = await collector()
  await using agentz = await Installation.open({
    OTEL_EXPORTER_OTLP_ENDPOINT: there.url,
    OTEL_METRIC_EXPORT_INTERVAL: "500",
    AGENTZ_IDLE_SECONDS: "1",
  })
  const up = await agentz.up()
  const { sessionId } = await agentz.client(up).agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[slow n=20 ms=20]]",
    workingDir: agentz.workingDir,
  })
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const scrape = async () => {
    const answer = await fetch(`${up.api}/metrics`, { headers: { authorization: `Bearer ${up.token}` } })
    return await answer.text()
  }
  const text = await scrape()
  for (const line of [
    'agentz_sessions{status="completed"} 1',
    'agentz_turns_total{reason="end_turn"} 1',
    'agentz_reconcile_actions_total{action="daemon_started"} 1',
    "agentz_spawn_seconds_count 1",
    "agentz_turn_seconds_count 1",
  ])
    expect(text.split("\n")).toContain(line)
  expect(text).toMatch(/^agentz_append_seconds_count [1-9]/m)
  expect(text).toMatch(/^agentz_streams_appends_total [1-9]/m)
  expect(text).not.toContain(sessionId)

  const names = () => new Set(there.spans().map(({ name }) => name))
  await expect.poll(names, { timeout: 15_000 }).toEqual(new Set(["spawn", "turn", "append"]))
  expect(new Set(there.spans().map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(sessionId)]))
  await expect
    .poll(() => there.metrics().some(({ name }) => name === "agentz_turns_total"), { timeout: 15_000 })
    .toBe(true)

  const servers = (await agentz.run(["logs", "--json"])).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  expect(servers.map(({ source, event }) => `${source} ${event}`)).toEqual(
    expect.arrayContaining(["api daemon_started", "api daemon_ready", "streams streams_ready"]),
  )
  expect((await agentz.run(["logs", sessionId])).code).toBe(0)
})

test("readiness tells of a stream server that is away, without a token", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const ready = async () => (await fetch(`${up.api}/readyz`)).status
  expect(await ready()).toBe(200)
  // Paused, not killed: a killed one is back before anybody asked.
  process.kill(agentz.server().pid, "SIGSTOP")
  try {
    await expect.poll(ready, { timeout: 30_000 }).toBe(503)
  } finally {
    process.kill(agentz.server().pid, "SIGCONT")
  }
  await expect.poll(ready, { timeout: 30_000 }).toBe(200)
})
