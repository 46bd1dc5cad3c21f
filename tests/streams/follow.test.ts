import { expect, test } from "vitest"
import { FollowRefused, type FollowState, follow } from "#streams/follow"
import { newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import { addressOf, authorization } from "#streams/transport"
import { type Cut, cuttingProxy } from "../support/cutting-proxy.ts"
import { seeded } from "../support/seeded.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

test("a follower loses nothing when its connections are cut again and again", async () => {
  await using server = await streamServer()
  const random = seeded("follower through a cutting proxy")
  const cuts: readonly Cut[] = ["mid", "dribble", "before"]
  // The first connections are cut for certain: a whole one would last to the end.
  let connections = 0
  await using proxy = await cuttingProxy(server.at.url, () =>
    random.pick(connections++ < 8 ? cuts : [...cuts, "none"]),
  )
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const name = paths.events(sessionId)
  const total = 400
  const writing = (async () => {
    for (let n = 0; n < total; n++) await appendTo(server.endpoint, name, [{ n, text: "x".repeat(n % 300) }])
  })()

  const seen: number[] = []
  const stop = new AbortController()
  const states = new Set<FollowState["state"]>()
  for await (const { items } of follow({
    url: () => addressOf({ ...server.at, url: proxy.url }, name),
    headers: () => authorization(server.at),
    signal: stop.signal,
    onState: ({ state }) => states.add(state),
  })) {
    for (const { n } of items as { n: number }[]) if (n === (seen.at(-1) ?? -1) + 1) seen.push(n)
    if (seen.length === total) stop.abort()
  }
  await writing
  expect(seen).toEqual(Array.from({ length: total }, (_, n) => n))
  expect(states).toContain("reconnecting")
})

test("a follower goes on where it was when the server comes back under another address", async () => {
  await using one = await streamServer()
  await using other = await streamServer()
  const sessionId = newSessionId()
  const name = paths.events(sessionId)
  for (const { endpoint } of [one, other]) {
    await createSession(endpoint, sessionId)
    await appendTo(endpoint, name, ["a", "b"])
  }
  await appendTo(other.endpoint, name, ["c"])
  let at = one.at
  const seen: unknown[] = []
  const stop = new AbortController()
  for await (const { items, upToDate } of follow({
    url: () => addressOf(at, name),
    headers: () => authorization(at),
    signal: stop.signal,
  })) {
    seen.push(...items)
    if (upToDate && at === one.at) {
      at = other.at
      await one[Symbol.asyncDispose]()
    }
    if (seen.includes("c")) stop.abort()
  }
  expect(seen).toEqual(["a", "b", "c"])
})

test("a follower says so when there is no such stream, or the token is wrong", async () => {
  await using server = await streamServer()
  const refused = async (name: string, token: string) => {
    for await (const _ of follow({
      url: () => addressOf(server.at, name),
      headers: () => ({ authorization: `Bearer ${token}` }),
    }));
  }
  await expect(refused(paths.events(newSessionId()), "a-token-for-tests")).rejects.toThrow(FollowRefused)
  await expect(refused(paths.registry, "another")).rejects.toThrow(FollowRefused)
})
