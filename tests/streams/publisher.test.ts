import { expect, test } from "vitest"
import { readBlob } from "#streams/blob"
import { parseEvent, type SessionEvent, type Unstamped } from "#streams/event"
import { newMessageId, newSessionId, newTurnId, type SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { openPublisher, type PublisherOptions } from "#streams/publisher"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { readToTail } from "#streams/stream"
import { type FindEndpoint, StreamError, wait } from "#streams/transport"
import { type Cut, cuttingProxy } from "../support/cutting-proxy.ts"
import { memorySpool } from "../support/memory-spool.ts"
import { seeded } from "../support/seeded.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

const started = (): Unstamped => ({
  type: "session_started",
  agentType: "demo",
  workingDir: "/",
  permissionMode: "ask",
  pid: 1,
  startTime: "1",
  bootId: "b",
  host: "h",
  incarnation: "i",
  version: "0",
})

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

const message = (text: string): Unstamped => ({ type: "user_message", messageId: newMessageId(), text })

async function rawEvents(endpoint: FindEndpoint, sessionId: SessionId): Promise<SessionEvent[]> {
  const events: SessionEvent[] = []
  for await (const { items } of readToTail(endpoint, paths.events(sessionId)))
    events.push(...items.map(parseEvent).filter((event) => event !== null))
  return events
}

const open = (
  endpoint: FindEndpoint,
  sessionId: SessionId,
  epoch: number,
  more: Partial<PublisherOptions> = {},
) =>
  openPublisher({
    endpoint,
    sessionId,
    epoch,
    spool: memorySpool(),
    first: () => [started()],
    onFatal: (error) => {
      throw error
    },
    ...more,
  })

test("every event is in the stream exactly once and in order, however connections are cut", async () => {
  await using server = await streamServer()
  const random = seeded("publisher through a cutting proxy")
  const cuts: readonly Cut[] = ["none", "none", "before", "after", "mid", "dribble"]
  await using proxy = await cuttingProxy(server.at.url, () => random.pick(cuts))
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const through = () => ({ ...server.at, url: proxy.url })

  using publisher = await open(through, sessionId, 1)
  const said: string[] = []
  for (let n = 0; n < 800; n++) {
    said.push(publisher.publish(message(`event ${n} ${"x".repeat(n % 200)}`)).id)
    // In bursts, so that there are many requests to cut.
    if (n % 8 === 0) await publisher.flushed()
  }
  await publisher.flushed()

  const events = await rawEvents(server.endpoint, sessionId)
  expect(events.slice(1).map(({ id }) => id)).toEqual(said)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index))
  expect(proxy.cuts.after + proxy.cuts.before).toBeGreaterThan(0)
})

test("what a killed publisher spooled is sent by the next one, once", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const spool = memorySpool()
  const down = { url: "http://127.0.0.1:9/v1/stream", token: null }
  let at = server.at
  {
    using first = await open(() => at, sessionId, 1, { spool })
    first.publish(message("sent"))
    await first.flushed()
    at = down
    first.publish(message("spooled 1"))
    first.publish(message("spooled 2"))
  }
  at = server.at
  using second = await open(() => at, sessionId, 2, { spool })
  second.publish(message("new"))
  await second.flushed()

  const events = await rawEvents(server.endpoint, sessionId)
  const texts = events.flatMap((event) => (event.type === "user_message" ? [event.text] : []))
  expect(texts).toEqual(["sent", "spooled 1", "spooled 2", "new"])
  expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5])
  expect(foldSession(emptySession(sessionId), events).queue.map(({ text }) => text)).toEqual(texts)
})

test("a publisher whose epoch has passed is told so and writes nothing more", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const refusals: StreamError[] = []
  using old = await open(server.endpoint, sessionId, 1, { onFatal: (error) => refusals.push(error) })
  using young = await open(server.endpoint, sessionId, 2)

  old.publish(message("from the past"))
  await expect(old.flushed()).rejects.toThrow("newer writer")
  young.publish(message("from now"))
  await young.flushed()

  expect(refusals.map(({ code }) => code)).toEqual(["stale_epoch"])
  const texts = (await rawEvents(server.endpoint, sessionId)).flatMap((event) =>
    event.type === "user_message" ? [event.text] : [],
  )
  expect(texts).toEqual(["from now"])
})

test("a publisher does not open under an epoch that has been used", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  using _first = await open(server.endpoint, sessionId, 3)
  await expect(open(server.endpoint, sessionId, 3)).rejects.toThrow(StreamError)
  await expect(open(server.endpoint, sessionId, 2)).rejects.toThrow(StreamError)
})

test("an older writer that slips an event in while a new one opens costs neither of them an event", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  using old = await open(server.endpoint, sessionId, 1, { onFatal: () => undefined })
  let slipped = false
  // Between the new writer's replay and its first append, the old one speaks.
  const slipping: typeof fetch = async (input, init) => {
    if (init?.method === "POST" && !slipped) {
      slipped = true
      old.publish(message("slipped in"))
      await old.flushed()
    }
    return fetch(input, init)
  }
  using young = await open(server.endpoint, sessionId, 2, { fetch: slipping })
  young.publish(message("after it"))
  await young.flushed()

  const events = await rawEvents(server.endpoint, sessionId)
  const session = foldSession(emptySession(sessionId), events)
  expect(session.queue.map(({ text }) => text)).toEqual(["slipped in", "after it"])
  expect(session.epoch).toBe(2)
  expect(session).toEqual(young.session)
})

test("a publisher on a stream that somebody closed gives up at once instead of asking for ever", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  let requests = 0
  const counting: typeof fetch = (input, init) => {
    requests += 1
    return fetch(input, init)
  }
  const refusals: StreamError[] = []
  using publisher = await open(server.endpoint, sessionId, 1, {
    fetch: counting,
    onFatal: (error) => refusals.push(error),
  })
  await fetch(`${server.at.url}/${paths.events(sessionId)}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.at.token}`,
      "stream-closed": "true",
      "content-type": "application/json",
    },
  })
  publisher.publish({ type: "turn_started", turnId: newTurnId(), cause: "recovery" })
  await expect(publisher.flushed()).rejects.toThrow("closed")
  expect(refusals.map(({ code }) => code)).toEqual(["stream_closed"])
  expect(requests).toBeLessThan(20)
})

test("a blob is in the store before the event that names it, also when the store was away and the publisher died", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const spool = memorySpool()
  let at = { url: "http://127.0.0.1:9/v1/stream", token: null as string | null }
  const bytes = new TextEncoder().encode("0123456789".repeat(200_000))
  const blobOf = (name: string) => ({
    ref: { blob: `${sessionId}/blob-${name}`, bytes: bytes.length },
    bytes,
  })
  const read = async (name: string) => {
    const parts = await collected(readBlob(server.endpoint, `${sessionId}/blob-${name}`))
    return Buffer.concat(parts).equals(bytes)
  }
  {
    at = server.at
    using first = await open(() => at, sessionId, 1, { spool })
    first.keep(blobOf("a"))
    first.publish(message("names a"))
    await first.flushed()
    expect(await read("a")).toBe(true)
    at = { url: "http://127.0.0.1:9/v1/stream", token: null }
    first.publish(message("before b"))
    first.keep(blobOf("b"))
    first.publish(message("names b"))
  }
  at = server.at
  // The first try gets as far as half of the blob.
  let left = 3
  const cut: typeof fetch = (input, init) =>
    left-- > 0 ? fetch(input, init) : Promise.reject(new TypeError("cut off"))
  const gone = new AbortController()
  const half = open(() => at, sessionId, 2, {
    spool,
    fetch: cut,
    signal: gone.signal,
    onBehind: (behind) => behind && gone.abort(new Error("killed")),
  })
  await expect(half).rejects.toThrow("killed")
  using second = await open(() => at, sessionId, 3, { spool })
  await second.flushed()
  expect(await read("b")).toBe(true)
  const texts = (await rawEvents(server.endpoint, sessionId)).flatMap((event) =>
    event.type === "user_message" ? [event.text] : [],
  )
  expect(texts).toEqual(["names a", "before b", "names b"])
})

test("with 64 MiB waiting whoever feeds the publisher waits, which is said, and goes on when the store is back", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  let at: { url: string; token: string | null } = server.at
  const told: string[] = []
  const onBehind = (behind: boolean, reason: string) => void told.push(behind ? reason : "caught up")
  using publisher = await open(() => at, sessionId, 1, { onBehind })
  at = { ...server.at, url: "http://127.0.0.1:9/v1/stream" }
  const large = "x".repeat(900_000)
  let held = false
  let count = 0
  const feeding = (async () => {
    for (; count < 90; count++) {
      publisher.publish(message(`${count} ${large}`))
      held = true
      await publisher.ready()
      held = false
    }
  })()
  while (publisher.backlog.bytes < 64 * 1024 * 1024) await wait(20)
  await wait(200)
  expect({ held, count: count < 90 }).toEqual({ held: true, count: true })
  expect(publisher.backlog.bytes).toBeLessThan(66 * 1024 * 1024)
  expect(told.at(-1)).toContain("64 MiB")
  at = server.at
  await feeding
  await publisher.flushed()
  expect(told.at(-1)).toBe("caught up")
  const events = await rawEvents(server.endpoint, sessionId)
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 91 }, (_, n) => n))
})
