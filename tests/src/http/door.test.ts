import { expect, test } from "vitest"
import { type Ask, TOKEN, testApi } from "../../support/api.ts"

type Api = Awaited<ReturnType<typeof testApi>>

const json = { "content-type": "application/json" }
const spawn = JSON.stringify({ agentType: "demo", prompt: "hello" })
const post = (headers: Ask["headers"], body = spawn): Ask => ({
  method: "POST",
  headers: { ...json, ...headers },
  body,
})

/** Everything that must not get in. Each has a control beside it that must. */
const PROBES: readonly (readonly [
  name: string,
  status: number | readonly number[],
  path: string,
  ask: Ask | ((api: Api) => Ask),
])[] = [
  ["a rebound name as Host", 421, "/healthz", { headers: { host: "evil.example" } }],
  [
    "a rebound name with our port",
    421,
    "/trpc/agent.agentTypes",
    (api) => ({ headers: { host: `evil.example:${api.port}` } }),
  ],
  ["our address without the port", 421, "/trpc/agent.agentTypes", { headers: { host: "127.0.0.1" } }],
  ["our address with another port", 421, "/trpc/agent.agentTypes", { headers: { host: "127.0.0.1:1" } }],
  [
    "our name as part of another",
    421,
    "/",
    (api) => ({ headers: { host: `localhost.evil.example:${api.port}` } }),
  ],
  [
    "a foreign Host with an Origin that matches it",
    421,
    "/trpc/agent.spawn",
    (api) => post({ host: `evil.example:${api.port}`, origin: `http://evil.example:${api.port}` }),
  ],
  ["another site as Origin", 403, "/trpc/agent.spawn", post({ origin: "http://evil.example" })],
  ["another port as Origin", 403, "/trpc/agent.spawn", post({ origin: "http://127.0.0.1:1" })],
  [
    "https of our own address as Origin",
    403,
    "/trpc/agent.spawn",
    (api) => post({ origin: `https://${api.host}` }),
  ],
  ["Origin null", 403, "/trpc/agent.spawn", post({ origin: "null" })],
  [
    "another site as Origin of a read",
    403,
    "/trpc/agent.agentTypes",
    { headers: { origin: "http://evil.example" } },
  ],
  [
    "another site as Origin of a stream",
    403,
    "/v1/stream/__registry__",
    { headers: { origin: "http://evil.example" } },
  ],
  [
    "a cross-site read without Origin",
    403,
    "/trpc/agent.agentTypes",
    { headers: { "sec-fetch-site": "cross-site" } },
  ],
  [
    "a read from another port of this host",
    403,
    "/v1/stream/__registry__",
    { headers: { "sec-fetch-site": "same-site" } },
  ],
  [
    "a cross-site navigation to a read",
    403,
    "/trpc/agent.agentTypes",
    {
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
    },
  ],
  [
    "a cross-site frame of the UI",
    403,
    "/",
    { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" } },
  ],
  [
    "a cross-site link with a code",
    403,
    "/?code=abc",
    {
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
    },
  ],
  ["a preflight", 405, "/trpc/agent.spawn", { method: "OPTIONS" }],
  [
    "a form post",
    415,
    "/trpc/agent.cancel",
    {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "sessionId=ses_a",
    },
  ],
  [
    "a multipart post",
    415,
    "/trpc/agent.cancel",
    { method: "POST", headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x--" },
  ],
  [
    "a plain text post",
    415,
    "/trpc/agent.spawn",
    { method: "POST", headers: { "content-type": "text/plain" }, body: spawn },
  ],
  [
    "raw bytes",
    415,
    "/trpc/agent.spawn",
    { method: "POST", headers: { "content-type": "application/octet-stream" }, body: spawn },
  ],
  ["a post without a type", 415, "/trpc/agent.spawn", { method: "POST", body: spawn }],
  ["a compressed post", 415, "/trpc/agent.spawn", post({ "content-encoding": "gzip" })],
  ["a mutation by GET", 405, `/trpc/agent.spawn?input=${encodeURIComponent(spawn)}`, {}],
  ["no token", 401, "/trpc/agent.spawn", { ...post({}), token: false }],
  ["a wrong token", 401, "/trpc/agent.spawn", { ...post({}), token: `${TOKEN}x` }],
  ["an empty token", 401, "/trpc/agent.spawn", { ...post({ authorization: "Bearer " }), token: false }],
  ["a token as query", 401, `/trpc/agent.agentTypes?token=${TOKEN}`, { token: false }],
  [
    "the token as cookie",
    401,
    "/trpc/agent.agentTypes",
    (api) => ({ token: false, headers: { cookie: `agentz_${api.port}=${TOKEN}` } }),
  ],
  ["no token on a stream", 401, "/v1/stream/__registry__", { token: false }],
  [
    "no token on an event stream",
    401,
    "/trpc/agent.subscribe?input=%7B%22sessionId%22%3A%22ses_a%22%7D",
    { token: false, headers: { accept: "text/event-stream" } },
  ],
  ["a code without the token", 401, "/api/code", { method: "POST", token: false }],
  ["a write to a stream", 405, "/v1/stream/ses_a/events", { method: "POST", headers: json, body: "[]" }],
  ["a new stream", 405, "/v1/stream/ses_a/events", { method: "PUT" }],
  ["the end of a stream", 405, "/v1/stream/ses_a/events", { method: "DELETE" }],
  ["a stream name with dots", [400, 404], "/v1/stream/../healthz", {}],
  ["a stream name with encoded dots", 400, "/v1/stream/%2e%2e/healthz", {}],
  ["a stream name with an encoded slash", 400, "/v1/stream/ses_a%2fevents", {}],
  ["a stream name with three segments", 404, "/v1/stream/ses_a/events/more", {}],
  ["a stream name with NUL", 400, "/v1/stream/ses_a%00", {}],
  ["a path out of the UI", 400, "/../../etc/passwd", {}],
  ["an encoded path out of the UI", 400, "/%2e%2e/%2e%2e/etc/passwd", {}],
  ["a doubly encoded path out of the UI", 404, "/%252e%252e/etc/passwd.txt", {}],
  ["a backslash path out of the UI", 400, "/..%5c..%5cetc/passwd", {}],
  ["another address in the request line", 400, "http://evil.example/healthz", {}],
  ["a path that starts with two slashes", 400, "//evil.example/healthz", {}],
  ["a half escape", 400, "/%zz", {}],
  ["a batch of a thousand", 400, `/trpc/${Array(1000).fill("a").join(",")}?batch=1`, {}],
  [
    "a batch of eleven",
    400,
    `/trpc/${Array(11).fill("agent.agentTypes").join(",")}?batch=1&input=%7B%7D`,
    {},
  ],
  ["a header that is too long", 431, "/healthz", { headers: { "x-long": "x".repeat(20_000) } }],
  ["TRACE", 405, "/", { method: "TRACE" }],
]

test.each(PROBES)("the door turns away %s", async (_name, expected, path, ask) => {
  await using api = await testApi()
  const answer = await api.ask(path, typeof ask === "function" ? ask(api) : ask)

  expect([expected].flat()).toContain(answer.status)
  expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([])
  expect(api.plane.calls).toEqual([])
  if (answer.status !== 431 && answer.text !== "")
    expect(answer.json().error).toMatchObject({
      message: expect.stringMatching(/./),
      data: { reason: expect.stringMatching(/^[a-z_]+$/) },
    })
})

test("what belongs here gets in", async () => {
  await using api = await testApi()
  const { host, port } = api
  const origin = `http://${host}`

  expect((await api.ask("/healthz", { token: false })).json()).toMatchObject({ ok: true, name: "agentz" })
  for (const name of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
    expect((await api.ask("/trpc/agent.agentTypes", { headers: { host: name } })).status).toBe(200)
  for (const headers of [{ origin }, { "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }])
    expect((await api.ask("/trpc/agent.spawn", post(headers))).status).toBe(200)
  const ten = Array(10).fill("agent.agentTypes").join(",")
  expect((await api.ask(`/trpc/${ten}?batch=1&input=%7B%7D`)).status).toBe(200)
  expect(api.plane.calls.map(({ name }) => name)).toEqual(["spawn", "spawn", "spawn"])
})

test("a batch that is too large says how many calls it may hold", async () => {
  await using api = await testApi()
  const answer = await api.ask(`/trpc/${Array(11).fill("agent.agentTypes").join(",")}?batch=1&input=%7B%7D`)
  expect(answer.json().error).toMatchObject({
    reason: "batch_too_large",
    message: expect.stringContaining("10 calls"),
  })
})

test("a link on another page may open the UI, which shows nothing to that page", async () => {
  await using api = await testApi()
  const visit = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }
  const answer = await api.ask("/", { token: false, headers: { ...visit, accept: "text/html" } })

  expect(answer.status).toBe(503)
  expect(answer.text).toContain("npm run build")
  expect(answer.headers["content-security-policy"]).toContain("frame-ancestors 'none'")
})

test("two Hosts or two content types are as good as none", async () => {
  await using api = await testApi()
  const head = (lines: string) => `${lines}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
  const twoHosts = await api.raw(head(`GET /healthz HTTP/1.1\r\nHost: ${api.host}\r\nHost: evil.example`))
  const emptyHost = await api.raw(head("GET /healthz HTTP/1.1\r\nHost:"))
  const noHost = await api.raw(head("GET /healthz HTTP/1.0"))

  expect(twoHosts).toMatch(/^HTTP\/1.1 (400|421)/)
  expect(emptyHost).toMatch(/^HTTP\/1.1 421/)
  expect(noHost).toMatch(/^HTTP\/1.1 421/)
})

test("every answer carries the armour", async () => {
  await using api = await testApi()
  for (const path of ["/healthz", "/", "/trpc/agent.agentTypes", "/v1/stream/nope.nope", "/missing.js"]) {
    const { headers } = await api.ask(path)
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": expect.stringContaining("script-src 'self'"),
    })
  }
})

test("a body over four megabytes is heard out and answered with a sentence", async () => {
  await using api = await testApi()
  const prompt = "x".repeat(5 * 1024 * 1024)
  const spawned = await api.rpc("agent.spawn", { agentType: "demo", prompt })
  const other = await api.rpc("agent.cancel", { sessionId: prompt })

  expect(spawned.status).toBe(413)
  expect(spawned.json().error).toMatchObject({
    message: expect.stringContaining("put the text in a file"),
    data: { code: "PAYLOAD_TOO_LARGE", reason: "prompt_too_large" },
  })
  expect(other.status).toBe(413)
  expect(other.json().error?.reason).toBe("request_too_large")
  expect(api.plane.calls).toEqual([])
})

test("behind a TLS proxy its address is welcome, its cookie goes no other way, and others stay out", async () => {
  const publicUrl = "https://agentz.example.com"
  await using api = await testApi({ config: { host: "127.0.0.1", port: 0, publicUrl } })
  const there = { host: "agentz.example.com" }
  const browser = { ...there, origin: publicUrl, "sec-fetch-site": "same-origin" }
  expect((await api.ask("/trpc/agent.spawn", post(browser))).status).toBe(200)
  expect((await api.ask("/trpc/agent.spawn", post({}))).status).toBe(200)
  const signedIn = await api.ask(`/?code=${api.newCode()}`, { token: false, headers: there })
  expect(String(signedIn.headers["set-cookie"])).toMatch(/; Secure$/)
  expect(signedIn.headers["strict-transport-security"]).toBe("max-age=31536000")
  const local = await api.ask(`/?code=${api.newCode()}`, { token: false })
  expect(String(local.headers["set-cookie"])).not.toContain("Secure")
  expect(local.headers["strict-transport-security"]).toBeUndefined()

  for (const headers of [
    { ...there, origin: "http://agentz.example.com" },
    { ...there, origin: "https://agentz.example.com:8443" },
    { ...there, origin: "https://evil.example" },
    { host: "agentz.example.com:443", origin: publicUrl },
    { host: "evil.example", "x-forwarded-host": "agentz.example.com", "x-forwarded-proto": "https" },
  ])
    expect([403, 421]).toContain((await api.ask("/trpc/agent.spawn", post(headers))).status)
})
