import { request } from "node:http"
import { DurableStreamTestServer } from "@durable-streams/server"
import { expect, test } from "vitest"
import { liveStreams } from "#src/http/live"
import { newSessionId } from "#streams/ids"
import { type LiveEvent, liveQuery, MOST_STREAMS, parseLive } from "#streams/live"
import { paths } from "#streams/paths"
import { serverSentEvents } from "#streams/sse"
import { appendTo, closeStream, createStream } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import { TOKEN, testApi } from "../../support/api.ts"
import { createSession, streamServer } from "../../support/stream-server.ts"
import { upstream } from "../../support/upstream.ts"

type Api = Awaited<ReturnType<typeof testApi>>

/** Reads what `/v1/live` says until `enough` holds. */
async function hear(
  api: Api,
  query: string,
  enough: (heard: readonly LiveEvent[]) => boolean | Promise<boolean>,
) {
  const leave = new AbortController()
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await fetch(`${api.url}/v1/live?${query}`, { headers, signal: leave.signal })
  const heard: LiveEvent[] = []
  for await (const frame of serverSentEvents(response, () => undefined)) {
    const event = parseLive(frame)
    if (event) heard.push(event)
    if (event && (await enough(heard))) break
  }
  leave.abort()
  return heard
}

const itemsOf = (heard: readonly LiveEvent[], stream: string) =>
  heard.flatMap((event) => (event.event === "batch" && event.stream === stream ? event.items : []))

test("many streams come over one connection, each from the offset that was named", async () => {
  await using server = await streamServer()
  await using api = await testApi({ streams: server.endpoint })
  const ids = Array.from({ length: 20 }, () => newSessionId())
  const names = ids.map(paths.events)
  await Promise.all(ids.map((id) => createSession(server.endpoint, id)))
  const sayAll = (words: string) =>
    Promise.all(names.map((name, index) => appendTo(server.endpoint, name, [`${index} ${words}`])))
  await sayAll("old")
  const from = names.map((stream) => ({ stream, offset: "-1" }))

  const first = await hear(api, liveQuery(from), (heard) =>
    names.every((name) => itemsOf(heard, name).length > 0),
  )
  for (const [index, name] of names.entries()) expect(itemsOf(first, name)).toEqual([`${index} old`])

  const offsets = new Map(
    first.flatMap((event) => (event.event === "batch" ? [[event.stream, event.offset] as const] : [])),
  )
  let appended = false
  const second = await hear(
    api,
    liveQuery(names.map((stream) => ({ stream, offset: offsets.get(stream) ?? "-1" }))),
    async (heard) => {
      const ready = names.every((name) => heard.some((event) => event.stream === name))
      if (ready && !appended) {
        appended = true
        await sayAll("new")
      }
      return names.every((name) => itemsOf(heard, name).length > 0)
    },
  )
  for (const [index, name] of names.entries()) expect(itemsOf(second, name)).toEqual([`${index} new`])
  expect(second.filter((event) => event.event === "batch" && !event.upToDate)).toEqual([])
})

test("any server that follows the protocol can be behind it", async () => {
  const foreign = new DurableStreamTestServer({ port: 0, host: "127.0.0.1" })
  const endpoint: FindEndpoint = ((url) => () => ({ url, token: null }))(`${await foreign.start()}/v1/stream`)
  try {
    await using api = await testApi({ streams: endpoint })
    const names = [newSessionId(), newSessionId()].map(paths.events)
    for (const name of names) {
      await createStream(endpoint, name)
      await appendTo(endpoint, name, [`${name} old`])
    }
    const wants = names.map((stream) => ({ stream, offset: "-1" }))
    let appended = false
    const heard = await hear(api, liveQuery(wants), async (all) => {
      if (!appended && names.every((name) => itemsOf(all, name).length === 1)) {
        appended = true
        for (const name of names) await appendTo(endpoint, name, [`${name} new`])
      }
      return names.every((name) => itemsOf(all, name).length === 2)
    })
    for (const name of names) expect(itemsOf(heard, name)).toEqual([`${name} old`, `${name} new`])
  } finally {
    await foreign.stop()
  }
})

test("a stream that is not there is refused by itself, and one that is closed ends", async () => {
  await using server = await streamServer()
  await using api = await testApi({ streams: server.endpoint })
  const [there, missing] = [newSessionId(), newSessionId()]
  const blob = paths.blob(there, "0".repeat(32))
  await createSession(server.endpoint, there)
  await createStream(server.endpoint, blob)
  await appendTo(server.endpoint, blob, ["all of it"])
  await closeStream(server.endpoint, blob, { producer: { id: "p", epoch: 0, seq: 0 } })
  const wants = [paths.events(there), paths.events(missing), blob].map((stream) => ({ stream, offset: "-1" }))

  const heard = await hear(
    api,
    liveQuery(wants),
    (all) =>
      new Set(all.map(({ stream }) => stream)).size === 3 && all.some(({ event }) => event === "ended"),
  )
  expect(heard).toContainEqual({ event: "refused", stream: paths.events(missing), status: 404 })
  expect(heard).toContainEqual({ event: "ended", stream: blob })
  expect(itemsOf(heard, blob)).toEqual(["all of it"])
  expect(heard).toContainEqual(
    expect.objectContaining({ stream: paths.events(there), items: [], upToDate: true }),
  )
})

test("while the stream server is away that is said, and it goes on when it is back", async () => {
  await using server = await streamServer()
  const session = newSessionId()
  const name = paths.events(session)
  await createSession(server.endpoint, session)
  let away = true
  const nobody = { url: "http://127.0.0.1:9/v1/stream", token: null }
  await using api = await testApi({ streams: () => (away ? nobody : server.endpoint()) })

  const heard = await hear(api, liveQuery([{ stream: name, offset: "-1" }]), async (all) => {
    if (away && all.some(({ event }) => event === "away")) {
      await appendTo(server.endpoint, name, ["kept"])
      away = false
    }
    return itemsOf(all, name).length > 0
  })
  expect(itemsOf(heard, name)).toEqual(["kept"])
})

test.each([
  ["nothing to follow", "", 400, "bad_live_query"],
  ["no offset", "s=__registry__", 400, "bad_live_query"],
  ["an offset that nobody gave out", "s=__registry__@a%0Ab", 400, "bad_live_query"],
  ["a name that no stream has", "s=../events@-1", 404, "unknown_stream"],
  [
    "too many",
    liveQuery(Array.from({ length: MOST_STREAMS + 1 }, () => ({ stream: paths.registry, offset: "-1" }))),
    400,
    "too_many_streams",
  ],
])("%s is refused with the reason", async (_what, query, status, reason) => {
  await using api = await testApi()
  const answer = await api.ask(`/v1/live?${query}`)
  expect([answer.status, answer.json().error?.reason]).toEqual([status, reason])
})

test("it is behind the same door as the streams, and is only read", async () => {
  await using api = await testApi()
  const query = `/v1/live?${liveQuery([{ stream: paths.registry, offset: "-1" }])}`
  expect((await api.ask(query, { token: false })).status).toBe(401)
  expect((await api.ask(query, { method: "POST" })).status).toBe(405)
  expect((await api.ask(query, { headers: { origin: "https://example.com" } })).status).toBe(403)
  expect(await api.ask(query, { method: "HEAD" })).toMatchObject({ status: 200, text: "" })
})

/** Serves `liveStreams` alone, with bounds of the test's. */
async function bounded(
  server: Awaited<ReturnType<typeof streamServer>>,
  bounds: { most?: number; stallMs?: number },
) {
  const serve = liveStreams(server.endpoint, bounds)
  const closed: (() => void)[] = []
  const listener = await upstream((incoming, response) => {
    const { pathname, search } = new URL(incoming.url ?? "/", "http://here")
    response.once("close", () => closed.splice(0).map((tell) => tell()))
    serve(incoming, response, { path: pathname, search })
  })
  return { ...listener, closed: () => new Promise<void>((resolve) => closed.push(resolve)) }
}

test("more streams than the process can follow are refused until others are left", async () => {
  await using server = await streamServer()
  const session = newSessionId()
  await createSession(server.endpoint, session)
  await using listener = await bounded(server, { most: 1 })
  const address = `${new URL(listener.streams().url).origin}/v1/live?${liveQuery([{ stream: paths.events(session), offset: "-1" }])}`
  const leave = new AbortController()
  const first = await fetch(address, { signal: leave.signal })
  const second = await fetch(address)
  expect([first.status, second.status]).toEqual([200, 503])
  expect(await second.json()).toMatchObject({ error: { reason: "live_full" } })
  const closed = listener.closed()
  leave.abort()
  await closed
  const third = await fetch(address)
  expect(third.status).toBe(200)
  await third.body?.cancel()
})

test("a reader that takes nothing is disconnected, and what waits for it is bounded", async () => {
  await using server = await streamServer()
  const session = newSessionId()
  const name = paths.events(session)
  await createSession(server.endpoint, session)
  for (let turn = 0; turn < 40; turn++)
    await appendTo(server.endpoint, name, Array(10).fill("x".repeat(50_000)))
  await using listener = await bounded(server, { stallMs: 300 })
  const { port } = new URL(listener.streams().url)
  const path = `/v1/live?${liveQuery([{ stream: name, offset: "-1" }])}`
  const closed = listener.closed()
  const call = request({ host: "127.0.0.1", port, path, agent: false }, (answer) => answer.pause())
  call.on("error", () => call.destroy())
  call.end()
  await closed
})
