import { expect, test } from "vitest"
import { foldsOf } from "#src/folds"
import { newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, createStream } from "#streams/stream"
import { createSession, streamServer } from "../support/stream-server.ts"

/** Folds of a server, and how often each stream was read. */
function countingFolds(server: Awaited<ReturnType<typeof streamServer>>) {
  const reads: string[] = []
  const count: typeof fetch = (input, init) => {
    reads.push(new URL(String(input)).search)
    return fetch(input, init)
  }
  const folds = foldsOf(server.endpoint, { fetch: count })
  return { folds, fromStart: () => reads.filter((search) => search === "?offset=-1").length }
}

const chunk = (seq: number) => ({
  ...{ type: "agent_message_chunk", turnId: "turn_one", messageId: "m", text: `${seq} ` },
  ...{ id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00.000Z" },
})

test("a session is replayed from its start once, however many look at it at the same time and later", async () => {
  await using server = await streamServer()
  await createStream(server.endpoint, paths.registry)
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  await appendTo(server.endpoint, paths.events(sessionId), [chunk(0), chunk(1)])
  const { folds, fromStart } = countingFolds(server)
  await folds.registry()
  const before = fromStart()
  const first = await Promise.all(Array.from({ length: 5 }, () => folds.session(sessionId)))
  expect(first.map(({ value }) => value.seq)).toEqual([1, 1, 1, 1, 1])
  await appendTo(server.endpoint, paths.events(sessionId), [chunk(2)])
  expect((await folds.session(sessionId)).value.seq).toBe(2)
  expect(fromStart() - before).toBe(1)
})

test("a look that begins after an append sees it, though an earlier look is still reading", async () => {
  await using server = await streamServer()
  await createStream(server.endpoint, paths.registry)
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const { folds } = countingFolds(server)
  for (let seq = 0; seq < 10; seq++) {
    const earlier = folds.session(sessionId)
    await appendTo(server.endpoint, paths.events(sessionId), [chunk(seq)])
    expect((await folds.session(sessionId)).value.seq).toBe(seq)
    await earlier
  }
})
