import { request } from "node:http"
import { connect } from "node:net"
import { expect, test } from "vitest"
import { startServer, type TestServer, TOKEN, until } from "./support.ts"

interface Listener extends Disposable {
  readonly messages: unknown[]
  readonly controls: { streamNextOffset: string; upToDate?: boolean; streamClosed?: boolean }[]
  readonly ended: boolean
}

/** A live reader that collects what it hears. */
function listen(server: TestServer, name: string, offset = "-1"): Listener {
  const listener = { messages: [] as unknown[], controls: [] as Listener["controls"], ended: false }
  const path = `/v1/stream/${name}?offset=${offset}&live=sse`
  const headers = { authorization: `Bearer ${TOKEN}` }
  const call = request({ host: "127.0.0.1", port: server.port, path, headers, agent: false }, (response) => {
    let text = ""
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const events = text.split("\n\n")
      text = events.pop() ?? ""
      for (const event of events) {
        const data = event.slice(event.indexOf("data:")).replaceAll("\ndata:", "\n").slice(5)
        if (event.startsWith("event: control")) listener.controls.push(JSON.parse(data))
        else listener.messages.push(...JSON.parse(data))
      }
    })
    response.on("close", () => {
      listener.ended = true
    })
  })
  call.on("error", () => {
    listener.ended = true
  })
  call.end()
  return Object.assign(listener, { [Symbol.dispose]: () => void call.destroy() })
}

const numbers = (count: number, from = 0): { n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ n: n + from }))

test("ten live readers who join at different times all hear everything once, in order", async () => {
  await using server = await startServer()
  await server.create("s")
  const readers: Listener[] = []
  for (const message of numbers(100)) {
    if (message.n % 10 === 0) readers.push(listen(server, "s"))
    await server.append("s", message)
  }
  await until(() => readers.every((reader) => reader.messages.length >= 100))
  for (const reader of readers) {
    expect(reader.messages).toEqual(numbers(100))
    reader[Symbol.dispose]()
  }
})

test("a live reader of a long stream catches up in windows, then hears what is new", async () => {
  await using server = await startServer()
  await server.create("s")
  const text = "x".repeat(1000)
  for (let from = 0; from < 5000; from += 500) {
    await server.append(
      "s",
      numbers(500, from).map((message) => ({ ...message, text })),
    )
  }
  using reader = listen(server, "s")
  await until(() => reader.messages.length === 5000)
  await server.append("s", { n: 5000, text })
  await until(() => reader.messages.length === 5001)
  expect(reader.messages.map((message) => (message as { n: number }).n)).toEqual(
    numbers(5001).map(({ n }) => n),
  )
  expect(reader.controls.length).toBeGreaterThan(10)
  expect(reader.controls.filter((control) => control.upToDate)).toHaveLength(2)
})

test("a reader hears the last message and the close that came with it, then its connection ends", async () => {
  await using server = await startServer()
  await server.create("s")
  using reader = listen(server, "s")
  await until(() => reader.controls.length === 1)
  await server.append("s", { last: true }, { "stream-closed": "true" })
  await until(() => reader.ended)
  expect(reader.messages).toEqual([{ last: true }])
  expect(reader.controls.at(-1)).toMatchObject({ streamClosed: true })
})

test("a deleted stream and a stopping server both end their live readers", async () => {
  const server = await startServer()
  await server.create("deleted")
  await server.create("kept")
  using first = listen(server, "deleted")
  using second = listen(server, "kept")
  await until(() => first.controls.length + second.controls.length === 2)
  await server.call("DELETE", "deleted")
  await until(() => first.ended)
  expect(second.ended).toBe(false)
  await server[Symbol.asyncDispose]()
  await until(() => second.ended)
})

test("readers who never read are disconnected, and cost others nothing", async () => {
  await using server = await startServer({ stallMs: 2_000 })
  await server.create("s")
  const text = "x".repeat(500_000)
  for (let n = 0; n < 40; n++) await server.append("s", { n, text })
  const line = `GET /v1/stream/s?offset=-1&live=sse HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`
  const silent = Array.from({ length: 20 }, () => {
    const socket = connect(server.port, "127.0.0.1").pause()
    socket.on("error", () => undefined)
    socket.write(`${line}Authorization: Bearer ${TOKEN}\r\n\r\n`)
    return socket
  })
  const before = process.memoryUsage().arrayBuffers
  const metrics = async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    return await (await fetch(`${new URL(server.url).origin}/metrics`, { headers })).text()
  }
  const value = async (name: string) =>
    Number(new RegExp(`^agentz_streams_${name} (\\d+)$`, "m").exec(await metrics())?.[1])
  await until(async () => (await value("live_readers")) === 20 && (await value("reader_lag_records")) > 0)
  await until(async () => (await value("slow_readers_disconnected_total")) === 20)
  await until(async () => (await value("connections_closed_total")) >= 20)
  expect(await value("live_readers")).toBe(0)
  expect(await value("reader_lag_records")).toBe(0)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
  expect((await server.append("s", { n: 40, text: "" })).status).toBe(204)
  for (const socket of silent) socket.destroy()
})

test("a long-poll hears of an append at once, and of nothing after its time", async () => {
  await using server = await startServer({ longPollMs: 100 })
  await server.create("s")
  const quiet = await server.call("GET", "s?offset=now&live=long-poll")
  expect(quiet.status).toBe(204)
  expect(quiet.headers.get("stream-up-to-date")).toBe("true")
  await using patient = await startServer()
  await patient.create("s")
  const waiting = patient.call("GET", "s?offset=now&live=long-poll")
  await until(async () => (await patient.append("s", { n: 1 })).ok)
  expect(await (await waiting).json()).toContainEqual({ n: 1 })
})
