import { request } from "node:http"
import { expect, test } from "vitest"
import { startServer, TOKEN } from "./support.ts"

/** A request with exactly these headers; fetch would not let us write some of them. */
function raw(
  port: number,
  path: string,
  headers: Record<string, string | string[]>,
  method = "GET",
): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      expect(Object.keys(response.headers).filter((name) => name.startsWith("access-control-"))).toEqual([])
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on("error", reject)
    call.end()
  })
}

const authorization = `Bearer ${TOKEN}`

test("a request without the token, or with another, is refused whatever it asks for", async () => {
  await using server = await startServer()
  for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) {
    expect(await raw(server.port, "/v1/stream/a", {}, method)).toBe(401)
    expect(await raw(server.port, "/v1/stream/a", { authorization: "Bearer no" }, method)).toBe(401)
  }
  expect(await raw(server.port, "/metrics", {})).toBe(401)
  expect(await raw(server.port, "/v1/stream/__ds/subscriptions/s", {})).toBe(401)
  expect(await raw(server.port, "/v1/stream/a", { authorization }, "PUT")).toBe(201)
})

test("a web page is refused even with the token", async () => {
  await using server = await startServer()
  const host = `127.0.0.1:${server.port}`
  expect(await raw(server.port, "/v1/stream/a", { authorization, origin: `http://${host}` })).toBe(403)
  expect(await raw(server.port, "/healthz", { origin: "https://page.example" })).toBe(403)
  for (const site of ["cross-site", "same-site", "same-origin", "none"])
    expect(await raw(server.port, "/v1/stream/a", { authorization, "sec-fetch-site": site })).toBe(403)
})

test("a name that was rebound to this address is refused", async () => {
  await using server = await startServer()
  expect(await raw(server.port, "/healthz", { host: "page.example" })).toBe(421)
  expect(await raw(server.port, "/healthz", { host: `page.example:${server.port}` })).toBe(421)
  expect(await raw(server.port, "/healthz", { host: `localhost:${server.port}` })).toBe(200)
})

test("a preflight is refused, and without a token it still opens nothing", async () => {
  await using server = await startServer()
  expect(await raw(server.port, "/v1/stream/a", { authorization }, "OPTIONS")).toBe(405)
  await using open = await startServer({ token: null })
  const response = await fetch(`${open.url}/a`, {
    method: "OPTIONS",
    headers: { origin: "https://page.example" },
  })
  expect(response.headers.get("access-control-allow-origin")).toBeNull()
})

test("names that would climb or hide are refused", async () => {
  await using server = await startServer()
  for (const name of ["..", "a/../b", "a/%2e%2e/b", "a%2fb", "a%00b", "a%0ab", "x".repeat(1025), ""]) {
    const status = await raw(server.port, `/v1/stream/${name}`, { authorization }, "PUT")
    expect([400, 404], name).toContain(status)
  }
  expect(await raw(server.port, "/_test/inject-error", { authorization }, "POST")).toBe(404)
})

test("without a token only loopback is served", async () => {
  await expect(startServer({ token: null, host: "0.0.0.0" })).rejects.toMatchObject({ code: "token_needed" })
})

test("metrics count what happened, health says who answers", async () => {
  await using server = await startServer()
  await server.create("a")
  await server.append("a", { n: 1 })
  const origin = new URL(server.url).origin
  const metrics = await (await fetch(`${origin}/metrics`, { headers: { authorization } })).text()
  expect(metrics).toContain("agentz_streams_appends_total 1")
  expect(metrics).toContain("agentz_streams_streams 1")
  expect(await (await fetch(`${origin}/healthz`)).json()).toEqual({
    ok: true,
    name: "agentz-streams",
    pid: process.pid,
  })
})
