import { request } from "node:http"
import { expect, test } from "vitest"
import { TOKEN, testApi } from "../../support/api.ts"
import { upstream } from "../../support/upstream.ts"

function deferred() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

test("a read goes to the stream server with its token, and its answer comes back without its CORS", async () => {
  await using server = await upstream((_request, response) => {
    response.writeHead(200, {
      "content-type": "application/json",
      "stream-next-offset": "7",
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "*",
      "set-cookie": "a=b",
    })
    response.end('[{"seq":1}]')
  })
  await using api = await testApi({ streams: server.streams })
  const answer = await api.ask("/v1/stream/ses_abc/events?offset=-1&live=long-poll", {
    headers: { cookie: "agentz_1=secret", "x-other": "1" },
  })

  expect(answer).toMatchObject({ status: 200, text: '[{"seq":1}]' })
  expect(answer.headers).toMatchObject({ "stream-next-offset": "7", "x-content-type-options": "nosniff" })
  expect(answer.headers).not.toHaveProperty("set-cookie")
  expect(Object.keys(answer.headers).join()).not.toContain("access-control")
  expect(server.asked.map(({ url }) => url)).toEqual(["/v1/stream/ses_abc/events?offset=-1&live=long-poll"])
  expect(server.asked[0]?.headers).toMatchObject({ authorization: "Bearer streams-token" })
  expect(server.asked[0]?.headers).not.toHaveProperty("cookie")
  expect(JSON.stringify(server.asked[0]?.headers)).not.toContain(TOKEN)
})

test("HEAD asks for the headers alone", async () => {
  await using server = await upstream((_request, response) => {
    response.writeHead(200, { "stream-next-offset": "9" })
    response.end()
  })
  await using api = await testApi({ streams: server.streams })
  const answer = await api.ask("/v1/stream/__registry__", { method: "HEAD" })

  expect(answer).toMatchObject({ status: 200, text: "" })
  expect(answer.headers["stream-next-offset"]).toBe("9")
  expect(server.asked[0]?.method).toBe("HEAD")
})

test("a live read is passed on as it comes, and ends upstream when the reader leaves", async () => {
  const left = deferred()
  await using server = await upstream((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write("data: one\n\n")
    response.on("close", left.resolve)
  })
  await using api = await testApi({ streams: server.streams })

  const first = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port: api.port,
        path: "/v1/stream/ses_a/events?live=sse",
        headers: { authorization: `Bearer ${TOKEN}` },
        agent: false,
      },
      (answer) =>
        answer.once("data", (chunk) => {
          resolve(String(chunk))
          call.destroy()
        }),
    )
    call.once("error", reject)
    call.end()
  })
  expect(first).toBe("data: one\n\n")
  await left.promise
})

test("a reader that leaves before the first word is not waited for upstream", async () => {
  const asked = deferred()
  const left = deferred()
  await using server = await upstream((_request, response) => {
    response.on("close", left.resolve)
    asked.resolve()
  })
  await using api = await testApi({ streams: server.streams })
  const call = request({
    host: "127.0.0.1",
    port: api.port,
    path: "/v1/stream/ses_a/events?live=long-poll",
    headers: { authorization: `Bearer ${TOKEN}` },
    agent: false,
  })
  call.on("error", () => call.destroy())
  call.end()
  await asked.promise
  call.destroy()
  await left.promise
})

test("a stream that breaks off upstream breaks off here, never ends as if it were whole", async () => {
  await using server = await upstream((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write("data: half", () => response.destroy())
  })
  await using api = await testApi({ streams: server.streams })
  await expect(api.ask("/v1/stream/ses_a/events?live=sse")).rejects.toThrow(/aborted|hang up|ECONNRESET/)
})

test("a redirect to the leader is followed, with the token, and a loop is not", async () => {
  await using server = await upstream((request, response) => {
    if (request.url === "/v1/stream/ses_a/events")
      response.writeHead(307, { location: "/leader/ses_a/events" }).end()
    else if (request.url?.startsWith("/leader")) response.end("[]")
    else response.writeHead(307, { location: request.url }).end()
  })
  await using api = await testApi({ streams: server.streams })

  expect(await api.ask("/v1/stream/ses_a/events")).toMatchObject({ status: 200, text: "[]" })
  expect(server.asked[1]?.headers.authorization).toBe("Bearer streams-token")
  expect((await api.ask("/v1/stream/ses_loop/events")).status).toBe(502)
  expect(server.asked.length).toBe(2 + 4)
})

test("what the stream server says of a stream is passed on", async () => {
  await using server = await upstream((_request, response) => response.writeHead(404).end("no such stream"))
  await using api = await testApi({ streams: server.streams })
  expect(await api.ask("/v1/stream/ses_a/events")).toMatchObject({ status: 404, text: "no such stream" })
})

test("a stream server that is away, or does not know us, is told apart", async () => {
  await using away = await testApi()
  await using server = await upstream((_request, response) => response.writeHead(401).end())
  await using unknown = await testApi({ streams: server.streams })

  const first = await away.ask("/v1/stream/ses_a/events")
  const second = await unknown.ask("/v1/stream/ses_a/events")
  expect([first.status, first.json().error?.reason]).toEqual([503, "streams_away"])
  expect([second.status, second.json().error?.reason]).toEqual([502, "streams_refused"])
})
