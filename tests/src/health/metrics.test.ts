import { connect, createServer } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { askControlSocket, holdControlSocket } from "#daemon/control-socket"
import { filesOf, socketOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { removeRunFile, writeRunFile } from "#daemon/run-file"
import { daemonTelemetry } from "#daemon/telemetry/daemon-telemetry"
import { BOUNDS, type Point } from "#daemon/telemetry/measures"
import { Meter, summed } from "#daemon/telemetry/meter"
import { countedLog } from "#src/health/counted-log"
import { metricsOf } from "#src/health/metrics"
import { prometheusText } from "#src/health/prometheus"
import { readinessOf } from "#src/health/readiness"
import { SessionId } from "#streams/ids"
import { testApi } from "../../support/api.ts"
import { fakePlane } from "../../support/fake-plane.ts"
import { tempDir } from "../../support/temp-dir.ts"
import { upstream } from "../../support/upstream.ts"

/** A value as Prometheus would read it; `undefined` when the line is not there. */
const valueIn = (text: string, line: string): number | undefined => {
  const found = text.split("\n").find((one) => one.startsWith(`${line} `))
  return found === undefined ? undefined : Number(found.slice(line.length + 1))
}

test("the text has a help and a type for each name, cumulative buckets, and escaped labels", () => {
  const meter = new Meter()
  meter.observe("agentz_append_seconds", 0.002)
  meter.observe("agentz_append_seconds", 0.2)
  meter.observe("agentz_append_seconds", 5_000)
  meter.count("agentz_turns_total", { reason: 'a"b\\c\nd' }, 2)
  const text = prometheusText(meter.points())

  expect(text).toMatch(/# HELP agentz_append_seconds .+\n# TYPE agentz_append_seconds histogram\n/)
  expect(valueIn(text, 'agentz_append_seconds_bucket{le="0.001"}')).toBe(0)
  expect(valueIn(text, 'agentz_append_seconds_bucket{le="0.25"}')).toBe(2)
  expect(valueIn(text, 'agentz_append_seconds_bucket{le="+Inf"}')).toBe(3)
  expect(valueIn(text, "agentz_append_seconds_count")).toBe(3)
  expect(text).toContain('agentz_turns_total{reason="a\\"b\\\\c\\nd"} 2\n')
  for (const line of text.trim().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? [\d.e+-]+)$/)
})

test("points of several processes are added up by name and labels", () => {
  const [one, two] = [new Meter(), new Meter()]
  for (const meter of [one, two]) {
    meter.count("agentz_turns_total", { reason: "end_turn" })
    meter.observe("agentz_turn_seconds", 3)
  }
  two.count("agentz_turns_total", { reason: "error" })
  const sums = summed([...one.points(), ...two.points()])
  expect(sums).toContainEqual({ name: "agentz_turns_total", labels: { reason: "end_turn" }, value: 2 })
  expect(sums).toContainEqual({ name: "agentz_turns_total", labels: { reason: "error" }, value: 1 })
  expect(sums.find(({ name }) => name === "agentz_turn_seconds")).toMatchObject({ sum: 6 })
})

test("a daemon's numbers are in the sum while it lives, and do not sink when it is gone", async () => {
  await using dir = await tempDir()
  const home = { path: dir.path, runDir: join(dir.path, "run") }
  const plane = fakePlane()
  const sessionId = SessionId.parse("ses_a")
  plane.session("one", sessionId)
  const identity = identityOf(process.pid)
  if (!identity) throw new Error("no identity")
  const telemetry = daemonTelemetry("ses_a", () => Promise.resolve(new Response()))
  await telemetry.fetch("http://127.0.0.1/", { method: "POST" })
  await telemetry.fetch("http://127.0.0.1/", { method: "GET" })
  telemetry.backlog = () => ({ bytes: 77 })
  using metrics = metricsOf({ meter: new Meter(), home, plane })
  {
    const who = { sessionId, epoch: 1, pid: process.pid }
    await using _socket = await holdControlSocket(socketOf(dir.path, sessionId, 1, null), () => ({
      ...who,
      measured: telemetry.points(),
    }))
    writeRunFile(filesOf(dir.path, sessionId).run, { ...identity, sessionId, epoch: 1, incarnation: "i" })
    const text = await metrics.text()
    expect(valueIn(text, "agentz_daemons")).toBe(1)
    expect(valueIn(text, "agentz_append_seconds_count")).toBe(1)
    expect(valueIn(text, "agentz_spool_bytes")).toBe(77)
    expect(valueIn(text, 'agentz_sessions{status="starting"}')).toBe(1)
    expect(valueIn(text, 'agentz_sessions{status="failed"}')).toBe(0)
    expect(valueIn(text, "process_resident_memory_bytes")).toBeGreaterThan(1e6)
  }
  removeRunFile(filesOf(dir.path, sessionId).run, process.pid)
  for (let scrape = 0; scrape < 3; scrape++) {
    const text = await metrics.text()
    expect(valueIn(text, "agentz_daemons")).toBe(0)
    expect(valueIn(text, "agentz_append_seconds_count")).toBe(1)
    expect(valueIn(text, "agentz_spool_bytes")).toBeUndefined()
  }
})

test("a caller that never hangs up keeps nothing of a control socket", async () => {
  await using dir = await tempDir()
  const address = socketOf(dir.path, "ses_a", 1, null)
  await using _socket = await holdControlSocket(address, () => ({ sessionId: "ses_a", epoch: 1, pid: 1 }))
  const callers = Array.from({ length: 50 }, () => connect({ path: address, allowHalfOpen: true }))
  const ended = callers.map((caller) => new Promise((resolve) => caller.once("end", resolve).resume()))
  await Promise.all(ended)
  expect(await askControlSocket(address, 1_000)).toMatchObject({ sessionId: "ses_a" })
  for (const caller of callers) caller.destroy()
})

test("what is logged as done for a session is counted, and the start of a daemon is timed", () => {
  const meter = new Meter()
  const lines: unknown[] = []
  const log = countedLog((line) => lines.push(line), meter)
  log({ event: "daemon_started" })
  log({ event: "daemon_ready", ms: 120 })
  log({ event: "something_else" })
  expect(lines).toHaveLength(3)
  expect(meter.points()).toEqual<Point[]>([
    { name: "agentz_reconcile_actions_total", labels: { action: "daemon_started" }, value: 1 },
    {
      name: "agentz_spawn_seconds",
      labels: {},
      counts: BOUNDS.map((bound) => (bound === 0.25 ? 1 : 0)).concat(0),
      sum: 0.12,
    },
  ])
})

test("requests are counted by area and answer, and live readers while they read", async () => {
  await using server = await upstream((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n")
  })
  const meter = new Meter()
  const health = { meter, ready: () => Promise.reject(new Error("not asked")), metrics: async () => "" }
  await using api = await testApi({ health, streams: server.streams })
  await api.ask("/healthz")
  await api.ask("/trpc/agent.agentTypes", { token: false })
  const socket = connect({ host: "127.0.0.1", port: api.port })
  socket.write(
    `GET /v1/stream/__registry__?offset=-1&live=sse HTTP/1.1\r\nHost: ${api.host}\r\nAuthorization: Bearer test-token-0123456789abcdef\r\n\r\n`,
  )
  await new Promise((resolve) => socket.once("data", resolve))
  const text = () => prometheusText(meter.points())
  expect(valueIn(text(), "agentz_live_readers")).toBe(1)
  expect(valueIn(text(), 'agentz_http_requests_total{area="health",status="2xx"}')).toBe(1)
  expect(valueIn(text(), 'agentz_http_requests_total{area="trpc",status="4xx"}')).toBe(1)
  socket.destroy()
  await expect.poll(() => valueIn(text(), "agentz_live_readers")).toBe(0)
})

test("metrics need the token, readiness does not, and both keep their methods", async () => {
  await using api = await testApi()
  expect((await api.ask("/metrics", { token: false })).status).toBe(401)
  expect((await api.ask("/metrics", { method: "POST" })).status).toBe(405)
  const { status, headers } = await api.ask("/metrics")
  expect([status, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"])
  const ready = await api.ask("/readyz", { token: false })
  expect([ready.status, ready.json().ready]).toEqual([200, true])
})

test("it is not ready while the stream server is away or the home cannot be used, and says which", async () => {
  await using dir = await tempDir()
  await using server = await upstream((_request, response) =>
    response.writeHead(200, { "stream-next-offset": "0" }).end(),
  )
  const fresh = { freshMs: -1 }
  const there = readinessOf(dir, server.streams, fresh)
  expect(await there()).toEqual({
    ready: true,
    checks: { streams: { ok: true }, home: { ok: true }, disk: { ok: true } },
  })
  const gone = await new Promise<number>((resolve) => {
    const taken = createServer().listen(0, "127.0.0.1", () => {
      const address = taken.address()
      taken.close(() => resolve(typeof address === "object" && address ? address.port : 0))
    })
  })
  const nobody = () => ({ url: `http://127.0.0.1:${gone}/v1/stream`, token: null })
  expect(await readinessOf(dir, nobody, fresh)()).toMatchObject({
    ready: false,
    checks: { streams: { ok: false, reason: "streams_away" }, home: { ok: true } },
  })
  expect(await readinessOf({ path: join(dir.path, "gone") }, server.streams, fresh)()).toMatchObject({
    ready: false,
    checks: { home: { reason: "home_not_writable" }, disk: { reason: "disk_low" }, streams: { ok: true } },
  })
  const demanding = readinessOf(dir, server.streams, { ...fresh, freeBytes: Number.MAX_SAFE_INTEGER })
  expect((await demanding()).checks.disk).toMatchObject({ ok: false, reason: "disk_low" })
})
