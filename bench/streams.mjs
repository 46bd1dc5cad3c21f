// Measures the streams engine beside the protocol's reference server: same machine, same client, same run.
// Needs a build. node bench/streams.mjs [seconds per figure]
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

const SECONDS = Number(process.argv[2] ?? 3)
const BODY = JSON.stringify({
  type: "agent_message_chunk",
  id: "m_000000000001",
  at: "2026-01-01T00:00:00.000Z",
  text: "x".repeat(80),
})
const EVENTS = 50_000

const servers = {
  agentz: `import { serveStreams } from "./dist/streams/engine/server.js"
    const server = await serveStreams({ dataDir: process.argv[1], token: null })
    console.log(server.url)`,
  reference: `import { DurableStreamTestServer } from "@durable-streams/server"
    const server = new DurableStreamTestServer({ port: 0, dataDir: process.argv[1] })
    console.log((await server.start()) + "/v1/stream")`,
}

async function withServer(code, measure) {
  const dir = mkdtempSync(join(tmpdir(), "agentz-bench-"))
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, dir], {
    stdio: ["ignore", "pipe", "ignore"],
  })
  try {
    const url = await new Promise((resolve, reject) => {
      child.stdout.on("data", (text) => {
        const [url] = /http:\S+/.exec(String(text)) ?? []
        if (url) resolve(url)
      })
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)))
    })
    return await measure(url)
  } finally {
    child.kill("SIGKILL")
    rmSync(dir, { recursive: true, force: true })
  }
}

function send(agent, method, url, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers }, (response) => {
      let bytes = 0
      response.on("data", (chunk) => (bytes += chunk.length))
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, bytes }))
    })
    call.on("error", reject)
    call.end(body)
  })
}

const json = { "content-type": "application/json" }
const quantile = (values, q) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN

/** One producer per stream, one append in flight each. */
async function appends(url, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const run = Math.random().toString(36).slice(2)
  const streams = Array.from({ length: count }, (_, index) => `${url}/${run}-${index}`)
  for (const stream of streams) await send(agent, "PUT", stream, json)
  const latencies = []
  let failed = 0
  const until = performance.now() + SECONDS * 1000
  await Promise.all(
    streams.map(async (stream) => {
      for (let seq = 0; performance.now() < until; seq++) {
        const started = performance.now()
        const producer = { "producer-id": "p", "producer-epoch": "0", "producer-seq": String(seq) }
        const { status } = await send(agent, "POST", stream, { ...json, ...producer }, BODY).catch(() => ({
          status: 0,
        }))
        if (status >= 300 || status === 0) failed++
        else latencies.push(performance.now() - started)
      }
    }),
  )
  agent.destroy()
  return {
    perSecond: latencies.length / SECONDS,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    failed,
  }
}

async function fill(agent, stream, events) {
  await send(agent, "PUT", stream, json)
  const batch = `[${Array(500).fill(BODY).join(",")}]`
  for (let done = 0; done < events; done += 500) await send(agent, "POST", stream, json, batch)
}

/** From sending an append to hearing of it as a live reader. */
async function live(url, events) {
  const agent = new Agent({ keepAlive: true })
  const stream = `${url}/live-${events}-${Math.random().toString(36).slice(2)}`
  await fill(agent, stream, events)
  let heard = () => undefined
  const reader = request(`${stream}?offset=now&live=sse`, (response) => {
    response.on("data", (chunk) => String(chunk).includes("agent_message_chunk") && heard())
  })
  reader.end()
  await new Promise((resolve) => reader.once("response", resolve))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const latencies = []
  for (let turn = 0; turn < 60; turn++) {
    const started = performance.now()
    const arrived = new Promise((resolve) => (heard = resolve))
    await Promise.all([send(agent, "POST", stream, json, BODY), arrived])
    latencies.push(performance.now() - started)
  }
  reader.destroy()
  agent.destroy()
  return quantile(latencies, 0.5)
}

async function replay(url) {
  const agent = new Agent({ keepAlive: true })
  const stream = `${url}/replay-${Math.random().toString(36).slice(2)}`
  await send(agent, "PUT", stream, json)
  for (let done = 0; done < EVENTS; done += 50) {
    await Promise.all(Array.from({ length: 50 }, () => send(agent, "POST", stream, json, BODY)))
  }
  const started = performance.now()
  let offset = "-1"
  let bytes = 0
  while (true) {
    const answer = await send(agent, "GET", `${stream}?offset=${offset}`)
    offset = answer.headers["stream-next-offset"]
    bytes += answer.bytes
    if (answer.headers["stream-up-to-date"]) break
  }
  agent.destroy()
  return { ms: performance.now() - started, bytes }
}

async function measure(url) {
  const one = await appends(url, 1)
  const fifty = await appends(url, 50)
  const many = await appends(url, 500)
  return {
    "append p50, 1 stream (ms)": one.p50,
    "appends/s, 1 stream": one.perSecond,
    "appends/s, 50 streams": fifty.perSecond,
    "appends/s, 500 streams": many.perSecond,
    "append p99, 500 streams (ms)": many.p99,
    "failed, 500 streams": many.failed,
    "append to live reader, empty stream (ms)": await live(url, 0),
    "append to live reader, 50,000 events (ms)": await live(url, EVENTS),
    "replay of 50,000 events (ms)": (await replay(url)).ms,
  }
}

const only = process.argv[3]
const figures = {}
for (const [name, code] of Object.entries(servers))
  if (!only || only === name) figures[name] = await withServer(code, measure)
const names = Object.keys(figures)
for (const what of Object.keys(figures[names[0]])) {
  const values = names.map((name) => figures[name][what])
  const ratio = values.length === 2 ? `  ratio ${(values[0] / values[1]).toFixed(2)}` : ""
  console.log(
    `${what.padEnd(44)} ${names.map((name, i) => `${name} ${values[i].toFixed(2)}`).join("  ")}${ratio}`,
  )
}
