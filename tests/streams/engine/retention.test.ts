import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { compactStreams } from "#streams/engine/compact"
import { type StreamServer, serveStreams } from "#streams/engine/server"
import { startServer, TOKEN, temporaryDir, until } from "./support.ts"

const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/octet-stream" }

async function gauge(server: { readonly url: string }, name: string): Promise<number> {
  const text = await (await fetch(`${new URL(server.url).origin}/metrics`, { headers })).text()
  return Number(new RegExp(`^agentz_streams_${name} (\\d+)$`, "m").exec(text)?.[1])
}

test("an expired stream is really removed, without anybody asking for it", async () => {
  await using server = await startServer()
  await server.call("PUT", "short", { headers: { ...headers, "stream-ttl": "1" }, body: "x".repeat(10_000) })
  await server.create("long")
  expect(await gauge(server, "streams")).toBe(2)
  await until(async () => (await gauge(server, "streams")) === 1 && (await gauge(server, "trash")) === 0)
  expect((await server.call("GET", "short")).status).toBe(404)
})

test("a stream with a time to live does not expire while somebody follows it, nor for a restart", async () => {
  await using server = await startServer()
  await server.call("PUT", "s", { headers: { ...headers, "stream-ttl": "1" } })
  const reader = new AbortController()
  await fetch(`${server.url}/s?offset=-1&live=sse`, { headers, signal: reader.signal })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect((await server.call("HEAD", "s")).status).toBe(200)
  reader.abort()
  await server.reopen()
  expect((await server.call("HEAD", "s")).status).toBe(200)
})

test("space of deleted streams is used again, and compacting gives it back", async () => {
  using dir = temporaryDir()
  const withServer = async (use: (server: StreamServer) => Promise<void>) => {
    await using server = await serveStreams({ dataDir: dir.path, token: TOKEN })
    await use(server)
  }
  const fill = async (server: StreamServer, name: string) => {
    await fetch(`${server.url}/${name}`, { method: "PUT", headers })
    for (let n = 0; n < 20; n++) {
      await fetch(`${server.url}/${name}`, { method: "POST", headers, body: "x".repeat(1_000_000) })
    }
  }
  await withServer(async (server) => {
    await fetch(`${server.url}/kept`, { method: "PUT", headers, body: "kept" })
    await fill(server, "first")
    const full = await gauge(server, "store_bytes")
    for (const name of ["second", "third"]) {
      await fetch(`${server.url}/${name === "second" ? "first" : "second"}`, { method: "DELETE", headers })
      await until(async () => (await gauge(server, "trash")) === 0)
      await fill(server, name)
    }
    expect(await gauge(server, "store_bytes")).toBeLessThan(full * 1.3)
    await fetch(`${server.url}/third`, { method: "DELETE", headers })
    await until(async () => (await gauge(server, "trash")) === 0)
    await expect(compactStreams(dir.path)).rejects.toMatchObject({ code: "data_dir_busy" })
  })
  const { before, after } = await compactStreams(dir.path)
  expect(before).toBeGreaterThan(20_000_000)
  expect(after).toBeLessThan(1_000_000)
  expect(statSync(join(dir.path, "data.mdb")).mode & 0o077).toBe(0)
  expect(existsSync(join(dir.path, "lock"))).toBe(false)
  await withServer(async (server) => {
    expect(await (await fetch(`${server.url}/kept`, { headers })).text()).toBe("kept")
    await fill(server, "again")
  })
})
