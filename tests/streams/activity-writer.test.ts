import { expect, test } from "vitest"
import { activityWriter } from "#streams/activity-writer"
import { newMessageId, newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { openPublisher } from "#streams/publisher"
import { createStream, readToTail } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import { cuttingProxy } from "../support/cutting-proxy.ts"
import { memorySpool } from "../support/memory-spool.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

async function itemsIn(endpoint: FindEndpoint, name: string): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const { items } of readToTail(endpoint, name)) found.push(...items)
  return found
}

test("a session's row is never ahead of its stream, also where events arrive late", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  await createStream(server.endpoint, paths.registry)
  const before = await itemsIn(server.endpoint, paths.registry)
  let held = false
  await using proxy = await cuttingProxy(server.at.url, () => (held ? "before" : "none"))
  const { signal } = new AbortController()
  using publisher = await openPublisher({
    endpoint: () => ({ ...server.at, url: proxy.url }),
    sessionId,
    epoch: 1,
    spool: memorySpool(),
    first: () => [],
    onFatal: (error) => {
      throw error
    },
  })
  const rows = activityWriter(server.endpoint, {
    ...{ sessionId, epoch: 1, signal },
    acknowledged: (seq) => publisher.acknowledged(seq),
  })
  held = true
  publisher.publish({ type: "user_message", messageId: newMessageId(), text: "late" })
  rows.changed(publisher.session, "")
  const flushed = rows.flushed()
  while (proxy.cuts.before < 3) await new Promise(setImmediate)
  expect(await itemsIn(server.endpoint, paths.events(sessionId))).toHaveLength(0)
  expect(await itemsIn(server.endpoint, paths.registry)).toEqual(before)
  held = false
  await flushed
  expect(await itemsIn(server.endpoint, paths.events(sessionId))).toHaveLength(1)
  expect(await itemsIn(server.endpoint, paths.registry)).toHaveLength(before.length + 1)
})
