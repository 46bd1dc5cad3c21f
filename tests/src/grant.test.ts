import { expect, test } from "vitest"
import { grantEpoch, readInbox } from "#src/grant"
import { newSessionId } from "#streams/ids"
import { type Cut, cuttingProxy } from "../support/cutting-proxy.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

test("of fifty who claim an epoch at once exactly one is granted it", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  const inbox = await readInbox(server.endpoint, sessionId)
  const claims = Array.from({ length: 50 }, () =>
    grantEpoch(server.endpoint, sessionId, { inbox, purpose: "daemon" }),
  )
  const granted = (await Promise.all(claims)).filter((grant) => grant !== null)
  expect(granted).toHaveLength(1)
  expect((await readInbox(server.endpoint, sessionId)).epoch).toBe(1)
})

test("a claim whose answer was lost knows its own grant again", async () => {
  await using server = await streamServer()
  const sessionId = newSessionId()
  await createSession(server.endpoint, sessionId)
  let posts = 0
  const losing = (method: string): Cut => (method === "POST" && posts++ === 0 ? "after" : "none")
  await using proxy = await cuttingProxy(server.at.url, losing)
  const through = () => ({ ...server.at, url: proxy.url })
  const inbox = await readInbox(through, sessionId)
  const grant = await grantEpoch(through, sessionId, { inbox, purpose: "daemon" })
  expect(grant?.epoch).toBe(1)
  expect((await readInbox(server.endpoint, sessionId)).commands).toHaveLength(1)
})
