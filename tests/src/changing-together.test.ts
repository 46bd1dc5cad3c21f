import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { changingTogether } from "#src/changing-together"
import { createStream, readToTail } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import { streamServer } from "../support/stream-server.ts"

async function itemsIn(endpoint: FindEndpoint, name: string): Promise<readonly unknown[]> {
  const items: unknown[] = []
  for await (const batch of readToTail(endpoint, name)) items.push(...batch.items)
  return items
}

/** A server, changes of its streams, and the paths of the requests they take. */
async function changed() {
  const server = await streamServer()
  await createStream(server.endpoint, "list")
  const sent: string[] = []
  /** How many items each request appends. */
  const counts: number[] = []
  const counting = ((input, init) => {
    sent.push(new URL(String(input)).pathname)
    const [list = "", lists = ""] = String(init?.body).split("\n")
    counts.push(JSON.parse(lists.replaceAll("][", ",")).length)
    expect(JSON.parse(list).length).toBeGreaterThan(0)
    return fetch(input, init)
  }) as typeof fetch
  const change = changingTogether(server.endpoint, { fetch: counting, forMs: 100 })
  const append = (items: readonly unknown[]) => change([{ name: "list", body: JSON.stringify(items) }])
  const items = () => itemsIn(server.endpoint, "list")
  return {
    server,
    change,
    append,
    items,
    sent,
    counts,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test("what many ask for in the same turn goes in one request, and each hears of its own", async () => {
  await using one = await changed()
  const { server, change, sent } = one
  const asked = Array.from({ length: 200 }, (_, n) =>
    change([
      { name: `s${n}`, body: `["${n}"]`, create: true },
      { name: "list", body: `[${n}]` },
    ]),
  )
  const told = await Promise.all(asked)
  expect(sent).toEqual(["/v1/changes"])
  expect(told.every(([made, listed]) => made?.created && listed?.created === false)).toBe(true)
  expect(await itemsIn(server.endpoint, "list")).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(await itemsIn(server.endpoint, "s7")).toEqual(["7"])
  const [again] = await change([{ name: "s7", body: "[8]", create: true }])
  expect(again).toMatchObject({ created: false, offset: told[7]?.[0]?.offset })
  expect(await change([])).toEqual([])
})

test("what many ask for at once is durable when each hears of it, in order and in few requests", async () => {
  await using one = await changed()
  const { append, sent, items } = one
  const wanted = Array.from({ length: 200 }, (_, n) => n)
  await Promise.all(
    wanted.map(async (n) => {
      await append([n])
      expect(await items()).toContain(n)
    }),
  )
  expect(await items()).toEqual(wanted)
  expect(sent.length).toBeLessThan(5)
})

test("what a caller hands over stays together, and a request takes no more than it should", async () => {
  await using one = await changed()
  const { append, counts, items } = one
  const long = "x".repeat(600_000)
  await Promise.all([append([1, long]), append([2, long]), append([3, 4])])
  expect((await items()).filter((item) => typeof item === "number")).toEqual([1, 2, 3, 4])
  expect(counts).toEqual([2, 4])
})

test("each caller hears of a failure, and the next one is served all the same", async () => {
  await using one = await changed()
  const { server, append, items } = one
  const { at } = server
  server.at = { ...at, token: "another-token-1234" }
  const refused = [append([1]), append([2])]
  for (const asked of refused) await expect(asked).rejects.toMatchObject({ code: "unauthorized" })
  server.at = at
  await append([3])
  expect(await items()).toEqual([3])
})

test("one that is refused fails alone, and takes with it only what was to follow it", async () => {
  await using one = await changed()
  const { server, change } = one
  await change([{ name: "log", body: "[1]", create: true }])
  const claim = (who: string) =>
    change([
      { name: "log", body: `["${who}"]`, streamSeq: "1" },
      { name: "list", body: `["${who}"]` },
    ])
  const [first, second, other] = await Promise.allSettled([
    claim("a"),
    claim("b"),
    change([{ name: "list", body: '["c"]' }]),
  ])
  expect(first?.status).toBe("fulfilled")
  expect(second).toMatchObject({ status: "rejected", reason: { code: "conflict" } })
  expect(other?.status).toBe("fulfilled")
  expect(await itemsIn(server.endpoint, "log")).toEqual([1, "a"])
  expect(await itemsIn(server.endpoint, "list")).toEqual(["a", "c"])
  await expect(change([{ name: "none", body: "[1]" }])).rejects.toMatchObject({ code: "stream_missing" })
})

test("a server that is away is told of to all who wait, and asked again when it is back", async () => {
  await using one = await changed()
  const { server, change } = one
  const { at } = server
  server.at = { ...at, url: at.url.replace(/:\d+/, ":49998") }
  const away = await Promise.allSettled([1, 2].map((n) => change([{ name: "list", body: `[${n}]` }])))
  for (const each of away) expect(each).toMatchObject({ status: "rejected", reason: { code: "unavailable" } })
  server.at = at
  await change([{ name: "list", body: "[3]" }])
  expect(await itemsIn(server.endpoint, "list")).toEqual([3])
})

test("a server of an older release is asked for each change, in the same order", async () => {
  await using one = await changed()
  const { server } = one
  await using older = await before(server.at.url)
  const change = changingTogether(() => ({ ...server.at, url: older.url }), { forMs: 1000 })
  await change([
    { name: "s", body: "[1]", create: true },
    { name: "list", body: '["told"]' },
  ])
  await expect(
    change([
      { name: "none", body: "[1]" },
      { name: "list", body: '["never"]' },
    ]),
  ).rejects.toMatchObject({ code: "stream_missing" })
  expect(await itemsIn(server.endpoint, "s")).toEqual([1])
  expect(await itemsIn(server.endpoint, "list")).toEqual(["told"])
})

/** As that server was before it knew of changes: it passes on the rest. */
async function before(url: string) {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith("/v1/stream/")) {
      response.writeHead(404).end()
      return
    }
    const parts: Buffer[] = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.once("end", async () => {
      const { authorization = "", "content-type": type = "" } = request.headers
      const answer = await fetch(new URL(request.url ?? "/", url), {
        method: request.method ?? "GET",
        headers: { authorization, "content-type": type },
        body: Buffer.concat(parts),
      })
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
