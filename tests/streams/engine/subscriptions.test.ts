import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { startServer, type TestServer, until } from "./support.ts"

const json = { "content-type": "application/json" }

const put = (server: TestServer, id: string, config: object) =>
  server.call("PUT", `__ds/subscriptions/${id}`, { headers: json, body: JSON.stringify(config) })

const post = (server: TestServer, path: string, body: object, token?: string) =>
  server.call("POST", `__ds/subscriptions/${path}`, {
    headers: token ? { ...json, authorization: `Bearer ${token}` } : json,
    body: JSON.stringify(body),
  })

interface Claimed {
  readonly wake_id: string
  readonly generation: number
  readonly token: string
  readonly streams: readonly { readonly path: string; readonly tail_offset: string }[]
}

test("a lease, its token and its generation survive a restart", async () => {
  await using server = await startServer()
  await server.create("wakes")
  await put(server, "s", { type: "pull-wake", pattern: "work/*", wake_stream: "wakes", lease_ttl_ms: 60_000 })
  await server.create("work/a")
  await server.append("work/a", { n: 1 })
  await until(async () => (await server.messages("wakes")).length === 1)
  const claimed = (await (await post(server, "s/claim", { worker: "one" })).json()) as Claimed
  await server.reopen()

  const second = await post(server, "s/claim", { worker: "two" })
  expect(second.status).toBe(409)
  expect(await second.json()).toMatchObject({ error: { code: "ALREADY_CLAIMED", current_holder: "one" } })
  const acks = claimed.streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset }))
  const report = { wake_id: claimed.wake_id, generation: claimed.generation, acks, done: true }
  expect((await post(server, "s/ack", report, "not.the-token")).status).toBe(401)
  expect(await (await post(server, "s/ack", report, claimed.token)).json()).toEqual({
    ok: true,
    next_wake: false,
  })
  expect((await post(server, "s/ack", report, claimed.token)).status).toBe(409)
})

test("a lease that runs out wakes the next worker, and fences the one that held it", async () => {
  await using server = await startServer()
  await server.create("wakes")
  await put(server, "s", { type: "pull-wake", streams: ["a"], wake_stream: "wakes", lease_ttl_ms: 1000 })
  await server.create("a")
  await server.append("a", { n: 1 })
  await until(async () => (await server.messages("wakes")).length === 1)
  const claimed = (await (await post(server, "s/claim", { worker: "one" })).json()) as Claimed
  await until(async () => (await server.messages("wakes")).length === 2)
  const late = { wake_id: claimed.wake_id, generation: claimed.generation, done: true }
  expect((await post(server, "s/ack", late, claimed.token)).status).toBe(409)
  expect((await post(server, "s/claim", { worker: "two" })).status).toBe(200)
})

test("a webhook that was down is told again, and one wake is sent for many appends", async () => {
  let answers = 0
  const hook = createServer((request, response) => {
    request.resume().on("end", () => {
      answers++
      response.writeHead(answers === 1 ? 500 : 200, json)
      response.end(JSON.stringify({ done: true }))
    })
  })
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve))
  const { port } = hook.address() as AddressInfo
  try {
    await using server = await startServer()
    await put(server, "s", { type: "webhook", pattern: "**", webhook: { url: `http://127.0.0.1:${port}/` } })
    await server.create("a")
    for (let n = 0; n < 5; n++) await server.append("a", { n })
    await until(async () => {
      const shown = await (await server.call("GET", "__ds/subscriptions/s")).json()
      const head = await server.call("HEAD", "a")
      return shown.streams[0]?.acked_offset === head.headers.get("stream-next-offset")
    })
    expect(answers).toBeGreaterThanOrEqual(2)
    expect(answers).toBeLessThanOrEqual(3)
  } finally {
    hook.close()
  }
})

test("a webhook that was down when the server stopped is told by the next one", async () => {
  const told: unknown[] = []
  const hook = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => {
      body += chunk
    })
    request.on("end", () => {
      told.push(JSON.parse(body))
      response.writeHead(200, json)
      response.end(JSON.stringify({ done: true }))
    })
  })
  // A port that nobody listens on yet.
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve))
  const { port } = hook.address() as AddressInfo
  await new Promise((resolve) => hook.close(resolve))
  await using server = await startServer()
  await put(server, "s", { type: "webhook", pattern: "**", webhook: { url: `http://127.0.0.1:${port}/` } })
  await server.create("a")
  await server.append("a", { n: 1 })
  await server.reopen()
  await new Promise<void>((resolve) => hook.listen(port, "127.0.0.1", resolve))
  try {
    await until(() => told.length > 0, 30_000)
    const end = (await server.call("HEAD", "a")).headers.get("stream-next-offset")
    await until(async () => {
      const shown = await (await server.call("GET", "__ds/subscriptions/s")).json()
      return shown.streams[0]?.acked_offset === end
    })
  } finally {
    hook.close()
  }
})

test("a webhook may not point into a private network", async () => {
  await using server = await startServer()
  for (const url of [
    "http://10.0.0.1/",
    "https://192.168.0.1/",
    "https://localhost/",
    "ftp://a.example/",
    "https://[::1]/",
  ]) {
    const refused = await put(server, "s", { type: "webhook", pattern: "*", webhook: { url } })
    expect(refused.status, url).toBe(400)
  }
})
