import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { localSend } from "#src/local-send"
import { appendAs, appendTo, createStream, readToTail, tailOf } from "#streams/stream"
import { request, type StreamError } from "#streams/transport"
import { streamServer } from "../support/stream-server.ts"

test("a stream is made, written and read as by fetch, many at once", async () => {
  await using server = await streamServer()
  const { endpoint } = server
  const patience = { send: localSend(), forMs: 0 }
  expect(await createStream(endpoint, "s", patience)).toMatchObject({ created: true })
  expect(await createStream(endpoint, "s", patience)).toMatchObject({ created: false })
  const sent = Array.from({ length: 300 }, (_, n) => ({ n, text: "ü🐙" }))
  await Promise.all(sent.map((item) => appendTo(endpoint, "s", [item], patience)))
  await appendAs({ id: "p", epoch: 0, seq: 0 }, endpoint, "s", { ...patience, body: '[{"n":-1}]' })
  const read = async (one: object) => {
    const items: unknown[] = []
    for await (const batch of readToTail(endpoint, "s", one)) items.push(...batch.items)
    return items
  }
  expect(await read(patience)).toEqual(await read({}))
  expect(await read(patience)).toHaveLength(301)
  expect(await tailOf(endpoint, "s", patience)).toBe(await tailOf(endpoint, "s"))
})

test("refusals are those that fetch tells of", async () => {
  await using server = await streamServer()
  const { endpoint } = server
  const patience = { send: localSend(), forMs: 0 }
  await createStream(endpoint, "s", patience)
  await appendTo(endpoint, "s", [1], { ...patience, streamSeq: "b" })
  const refused = async (work: (one: object) => Promise<unknown>) => {
    const told = ({ code, message }: StreamError) => ({ code, message })
    const [local, plain] = [await work(patience).catch(told), await work({ forMs: 0 }).catch(told)]
    expect(local).toEqual(plain)
    return local
  }
  expect(await refused((one) => appendTo(endpoint, "s", [2], { ...one, streamSeq: "a" }))).toMatchObject({
    code: "conflict",
  })
  expect(await refused((one) => appendTo(endpoint, "none", [2], one))).toMatchObject({
    code: "stream_missing",
  })
  const { url } = server.at
  const away = () => ({ url: url.replace(/:\d+/, ":49999"), token: null })
  expect(await refused((one) => tailOf(away, "s", one))).toMatchObject({
    code: "unavailable",
    message: "The stream server does not answer: ECONNREFUSED.",
  })
})

test("what ends in the middle, and what is given up, is told", async () => {
  await using hung = await cutting()
  const patience = { send: localSend(), forMs: 0 }
  const ask = (name: string, more: object = {}) =>
    request(hung.endpoint, name, { method: "GET" }, { ...patience, ...more })
  await expect(ask("cut")).rejects.toMatchObject({ code: "unavailable" })
  const giving = new AbortController()
  const asked = ask("hang", { signal: giving.signal })
  setTimeout(() => giving.abort(new Error("enough")), 50)
  await expect(asked).rejects.toThrow("enough")
})

/** Cuts an answer in two, or never gives one. */
async function cutting() {
  const server = createServer((asked, answer) => {
    if (asked.url?.endsWith("hang")) return
    answer.writeHead(200, { "content-length": "100" })
    answer.write("half")
    setTimeout(() => answer.destroy(), 20)
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: () => ({ url: `http://127.0.0.1:${port}`, token: null }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
