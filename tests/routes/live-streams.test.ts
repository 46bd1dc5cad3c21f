import { setMaxListeners } from "node:events"
import { expect, test } from "vitest"
import { newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import { type LiveState, openLiveStreams } from "../../routes/-app/live-streams.ts"
import { TOKEN, testApi } from "../support/api.ts"
import { type Cut, cuttingProxy } from "../support/cutting-proxy.ts"
import { seeded } from "../support/seeded.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

const TOTAL = 60

/** Every number once and in order, as a fold by `seq` keeps them. */
function counting() {
  const seen: number[] = []
  const take = ({ items }: { readonly items: readonly unknown[] }) => {
    for (const { n } of items as { n: number }[]) if (n === (seen.at(-1) ?? -1) + 1) seen.push(n)
  }
  return { seen, take }
}

/** A `fetch` that is signed in, and counts its live connections. */
function signedIn() {
  const count = { open: 0, most: 0, ever: 0 }
  const send: typeof fetch = async (input, init) => {
    count.open += 1
    count.ever += 1
    count.most = Math.max(count.most, count.open)
    init?.signal?.addEventListener("abort", () => {
      count.open -= 1
    })
    return await fetch(input, { ...init, headers: { authorization: `Bearer ${TOKEN}` } })
  }
  return { count, send }
}

test("nothing is lost on any stream while others come and go and the connection is cut again and again", async () => {
  await using server = await streamServer()
  const random = seeded("live streams through a cutting proxy")
  await using api = await testApi({ streams: server.endpoint })
  let connections = 0
  const cuts: readonly Cut[] = ["mid", "dribble", "before"]
  await using proxy = await cuttingProxy(api.url, () =>
    random.pick(connections++ < 4 ? cuts : [...cuts, "none", "none"]),
  )
  const names = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const id = newSessionId()
      await createSession(server.endpoint, id)
      return paths.events(id)
    }),
  )
  const { send } = signedIn()
  const live = openLiveStreams({ origin: proxy.url.replace(/\/$/, ""), fetch: send })
  const states = new Set<LiveState["state"]>()
  const readers = names.map((stream) => {
    const stop = new AbortController()
    const { seen, take } = counting()
    const done = live.follow({
      stream,
      offset: "-1",
      signal: stop.signal,
      take: (batch) => {
        take(batch)
        if (seen.length === TOTAL) stop.abort()
      },
      onState: ({ state }) => states.add(state),
    })
    return { seen, done }
  })
  for (let n = 0; n < TOTAL; n++) {
    await Promise.all(names.map((name) => appendTo(server.endpoint, name, [{ n }])))
    if (n % 10 !== 0) continue
    const stop = new AbortController()
    void live
      .follow({
        stream: paths.inbox(newSessionId()),
        offset: "-1",
        signal: stop.signal,
        take: () => undefined,
        onState: () => undefined,
      })
      .catch(() => undefined) // It is not there, and says so.
  }
  await Promise.all(readers.map(({ done }) => done))
  for (const { seen } of readers) expect(seen).toEqual(Array.from({ length: TOTAL }, (_, n) => n))
  expect(states).toEqual(new Set(["open", "away"]))
})

test("any number of streams share a connection, and streams that begin together share its opening", async () => {
  await using server = await streamServer()
  await using api = await testApi({ streams: server.endpoint })
  const { count, send } = signedIn()
  const live = openLiveStreams({ origin: api.url, fetch: send })
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const ids = Array.from({ length: 30 }, () => newSessionId())
  await Promise.all(ids.map((id) => createSession(server.endpoint, id)))
  const told = new Set<string>()
  const follow = (stream: string) =>
    new Promise<void>((resolve) => {
      const take = () => {
        told.add(stream)
        resolve()
      }
      void live.follow({ stream, offset: "-1", signal: stop.signal, take, onState: () => undefined })
    })
  await Promise.all(ids.map((id) => follow(paths.events(id))))
  expect([told.size, count.open, count.ever]).toEqual([30, 1, 1])
  await follow(paths.inbox(ids[0] ?? newSessionId()))
  expect([count.open, count.most, count.ever]).toEqual([1, 1, 2])
  stop.abort()
  expect(count.open).toBe(0)
})

test("a stream that is not there is told to its reader alone", async () => {
  await using server = await streamServer()
  await using api = await testApi({ streams: server.endpoint })
  const { send } = signedIn()
  const live = openLiveStreams({ origin: api.url, fetch: send })
  const [id, missing] = [newSessionId(), newSessionId()]
  await createSession(server.endpoint, id)
  const stop = new AbortController()
  const { seen, take } = counting()
  const reader = { offset: "-1", signal: stop.signal, onState: () => undefined }
  const there = live.follow({ ...reader, stream: paths.events(id), take })
  await expect(live.follow({ ...reader, stream: paths.events(missing), take })).rejects.toMatchObject({
    status: 404,
  })
  await appendTo(server.endpoint, paths.events(id), [{ n: 0 }])
  await expect.poll(() => seen).toEqual([0])
  stop.abort()
  await there
})
