import { expect, test } from "vitest"
import { producer, startServer } from "./support.ts"

test("a retry after a restart is recognised, and a gap is not closed by it", async () => {
  await using server = await startServer()
  await server.create("s")
  expect((await server.append("s", { n: 0 }, producer("p", 0, 0))).status).toBe(200)
  await server.reopen()
  expect((await server.append("s", { n: 0 }, producer("p", 0, 0))).status).toBe(204)
  const gap = await server.append("s", { n: 2 }, producer("p", 0, 2))
  expect(gap.status).toBe(409)
  expect(gap.headers.get("producer-expected-seq")).toBe("1")
  expect(await server.messages("s")).toEqual([{ n: 0 }])
})

test("a writer of an older epoch is fenced for good, also on a closed stream", async () => {
  await using server = await startServer()
  await server.create("s")
  await server.append("s", { by: "old" }, producer("p", 1, 0))
  await server.append("s", { by: "new" }, producer("p", 2, 0))
  await server.reopen()
  const stale = await server.append("s", { by: "old" }, producer("p", 1, 1))
  expect(stale.status).toBe(403)
  expect(stale.headers.get("producer-epoch")).toBe("2")
  await server.call("POST", "s", { headers: { "stream-closed": "true" } })
  expect((await server.append("s", { by: "old" }, producer("p", 1, 1))).status).toBe(403)
  expect(await server.messages("s")).toEqual([{ by: "old" }, { by: "new" }])
})

test("a retry of what is stored succeeds although somebody closed the stream since", async () => {
  await using server = await startServer()
  await server.create("s")
  await server.append("s", { n: 0 }, producer("p", 0, 0))
  await server.call("POST", "s", { headers: { "stream-closed": "true" } })
  const retry = await server.append("s", { n: 0 }, producer("p", 0, 0))
  expect(retry.status).toBe(204)
  expect(retry.headers.get("stream-closed")).toBe("true")
  expect((await server.append("s", { n: 1 }, producer("p", 0, 1))).status).toBe(409)
})

test("of many claimants of one Stream-Seq exactly one wins", async () => {
  await using server = await startServer()
  await server.create("s")
  const claims = Array.from({ length: 50 }, (_, n) =>
    server.append("s", { n }, { "stream-seq": "0000000001" }),
  )
  const statuses = (await Promise.all(claims)).map((response) => response.status).sort()
  expect(statuses).toEqual([204, ...Array(49).fill(409)])
  expect(await server.messages("s")).toHaveLength(1)
})

test("an empty Stream-Seq does not keep the store from being opened again", async () => {
  await using server = await startServer()
  await server.create("s")
  expect((await server.append("s", { n: 0 }, { "stream-seq": "" })).status).toBe(204)
  await server.reopen()
  expect(await server.messages("s")).toEqual([{ n: 0 }])
  expect((await server.append("s", { n: 1 }, { "stream-seq": "" })).status).toBe(409)
})

test("messages come back in the very text they were sent in", async () => {
  await using server = await startServer()
  await server.create("s")
  const text = '{"big":12345678901234567890,"exact":1.10,"nul":"\\u0000","twice":1,"twice":2}'
  await server.call("POST", "s", {
    headers: { "content-type": "application/json" },
    body: ` [ ${text} , 7 ] `,
  })
  const body = await (await server.call("GET", "s")).text()
  expect(body).toContain(text)
  expect(JSON.parse(body)).toHaveLength(2)
})

test("a message over 1 MiB and a request over 4 MiB are refused, smaller ones in a batch are not", async () => {
  await using server = await startServer()
  await server.create("s")
  expect((await server.append("s", "x".repeat(1_048_577))).status).toBe(413)
  expect((await server.append("s", ["x".repeat(1_048_577), 1])).status).toBe(413)
  expect((await server.append("s", Array(5).fill("x".repeat(1_000_000)))).status).toBe(413)
  const batch = Array.from({ length: 3 }, (_, n) => `${n}${'[,]"\\'.repeat(120_000)}`)
  expect((await server.append("s", batch)).status).toBe(204)
  expect(await server.messages("s")).toEqual(batch)
})

test("an endless body is cut off at the limit", async () => {
  await using server = await startServer()
  await server.create("s", "application/octet-stream")
  let sent = 0
  const body = new ReadableStream({
    pull(controller) {
      sent += 65_536
      if (sent > 64 * 1024 * 1024) controller.close()
      else controller.enqueue(new Uint8Array(65_536))
    },
  })
  const headers = { "content-type": "application/octet-stream" }
  const init = { headers, body, duplex: "half" }
  const answer = await server.call("POST", "s", init).catch(() => null)
  if (answer) expect(answer.status).toBe(413)
  expect((await server.call("HEAD", "s")).headers.get("stream-next-offset")).toMatch(/^0+_0+$/)
})

test("bytes of up to 4 MiB come back as they were, over several reads", async () => {
  await using server = await startServer()
  await server.create("s", "text/plain")
  const text = "é€𝄞".repeat(400_000)
  const headers = { "content-type": "text/plain" }
  expect((await server.call("POST", "s", { headers, body: text })).status).toBe(204)
  let read = ""
  for (let offset = "-1"; ; ) {
    const response = await server.call("GET", `s?offset=${offset}`)
    const part = await response.text()
    expect(part.length).toBeLessThan(1_500_000)
    read += part
    offset = response.headers.get("stream-next-offset") ?? ""
    if (response.headers.get("stream-up-to-date")) break
  }
  expect(read === text).toBe(true)
})

test("an offset beyond the end is refused: it belongs to another stream", async () => {
  await using server = await startServer()
  await server.create("s")
  const beyond = await server.call("GET", "s?offset=0000000000000000_0000000000000009&live=sse")
  expect(beyond.status).toBe(400)
})

test("many producers of one stream are all remembered over a restart, each with its own sequence", async () => {
  await using server = await startServer()
  await server.create("s")
  for (let count = 1; count <= 9; count++) {
    const names = Array.from({ length: count }, (_, index) => `p${index}`)
    const appends = names.map((name, index) => server.append("s", name, producer(name, 0, count - 1 - index)))
    expect((await Promise.all(appends)).map(({ status }) => status)).toEqual(names.map(() => 200))
    if (count % 2 === 0) await server.reopen()
    const retries = names.map((name, index) => server.append("s", name, producer(name, 0, count - 1 - index)))
    expect((await Promise.all(retries)).map(({ status }) => status)).toEqual(names.map(() => 204))
  }
})
