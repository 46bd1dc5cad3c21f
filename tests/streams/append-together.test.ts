import { expect, test } from "vitest"
import { appendingTogether } from "#streams/append-together"
import { createStream, readToTail } from "#streams/stream"
import { streamServer } from "../support/stream-server.ts"

async function list() {
  const server = await streamServer()
  await createStream(server.endpoint, "list")
  const sent: number[] = []
  const counting = ((input, init) => {
    sent.push(JSON.parse(String(init?.body)).length)
    return fetch(input, init)
  }) as typeof fetch
  const append = appendingTogether(server.endpoint, "list", { fetch: counting, forMs: 100 })
  const items = async () => {
    const all: unknown[] = []
    for await (const batch of readToTail(server.endpoint, "list")) all.push(...batch.items)
    return all
  }
  return { server, append, sent, items, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test("what many ask for at once is durable when each hears of it, in order and in few requests", async () => {
  await using one = await list()
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
  await using one = await list()
  const { append, sent, items } = one
  const long = "x".repeat(300_000)
  await Promise.all([append([1, long]), append([2, long]), append([3, 4])])
  expect((await items()).filter((item) => typeof item === "number")).toEqual([1, 2, 3, 4])
  expect(sent).toEqual([2, 4])
})

test("each caller hears of a failure, and the next one is served all the same", async () => {
  await using one = await list()
  const { server, append, items } = one
  const { at } = server
  server.at = { ...at, token: "another-token-1234" }
  const refused = [append([1]), append([2])]
  for (const asked of refused) await expect(asked).rejects.toMatchObject({ code: "unauthorized" })
  server.at = at
  await append([3])
  expect(await items()).toEqual([3])
})
