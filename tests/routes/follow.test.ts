import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { type Batch, type FollowState, follow } from "../../routes/-app/follow.ts"
import { StreamLog } from "../support/stream-log.ts"

/** A stream whose every third answer is cut off in the middle. */
async function unreliable(log: StreamLog) {
  let requests = 0
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost")
    if (++requests % 3 === 0) {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
      response.write("[1")
      setTimeout(() => response.destroy(), 5)
      return
    }
    void log.read(request, response, searchParams)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test("every item arrives once and in order though connections are cut", async () => {
  const log = new StreamLog()
  log.append(...Array.from({ length: 1200 }, (_, index) => index))
  await using server = await unreliable(log)
  const stop = new AbortController()
  const states: FollowState["state"][] = []
  const got: unknown[] = []
  const batches = follow({
    url: () => server.url,
    offset: "-1",
    signal: stop.signal,
    onState: ({ state }) => states.push(state),
  })
  let appended = 0
  for await (const { items, upToDate } of batches satisfies AsyncGenerator<Batch>) {
    got.push(...items)
    if (got.length === 1210) stop.abort()
    else if (upToDate && appended < 10) log.append(1200 + appended++)
  }
  expect(got).toEqual(Array.from({ length: 1210 }, (_, index) => index))
  expect(states).toContain("reconnecting")
  expect(states).toContain("live")
})
