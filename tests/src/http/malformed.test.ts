import { writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { connectionLimit } from "#src/http/connection-limit"
import { TOKEN, testApi } from "../../support/api.ts"
import { malformed, statusesIn } from "../../support/malformed.ts"
import { tempDir } from "../../support/temp-dir.ts"
import { upstream } from "../../support/upstream.ts"

test("2,000 malformed requests get no answer of 500 or more, and break nothing", {
  timeout: 60_000,
}, async () => {
  const seed = Number(process.env.AGENTZ_TEST_SEED ?? Date.now() % 1_000_000_000)
  console.info(`seed ${seed} (again with AGENTZ_TEST_SEED=${seed})`)
  await using ui = await tempDir()
  await writeFile(join(ui.path, "index.html"), "<!doctype html>")
  await using server = await upstream((_request, response) => response.writeHead(404).end())
  await using api = await testApi({ uiDir: ui.path, streams: server.streams })
  const bad: string[] = []
  let answered = 0
  let next = 0
  const one = async () => {
    for (let index = next++; index < 2000; index = next++) {
      const bytes = malformed(seed + index, { host: api.host, token: TOKEN })
      const answer = await api.raw(bytes, 250)
      const statuses = statusesIn(answer)
      answered += statuses.length > 0 ? 1 : 0
      if (statuses.some((status) => status >= 500))
        bad.push(`${JSON.stringify(bytes.toString("latin1"))}\n→ ${answer.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: 24 }, one))

  expect(bad).toEqual([])
  expect(answered).toBeGreaterThan(1000)
  expect(api.lines).toEqual([])
  expect((await api.ask("/healthz")).status).toBe(200)
})

test("300 connections that say nothing do not keep others out", async () => {
  await using api = await testApi()
  const sockets = await Promise.all(
    Array.from({ length: 300 }, () => {
      const socket = connect({ host: "127.0.0.1", port: api.port })
      return new Promise<typeof socket>((resolve, reject) => {
        socket.once("connect", () => resolve(socket))
        socket.once("error", reject)
      })
    }),
  )
  expect((await api.ask("/healthz")).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test("a flood leaves half of the files for the work itself", () => {
  const limits = (files: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${files}       4096   files\n`
  expect(connectionLimit(limits("256"))).toBe(128)
  expect(connectionLimit(limits("1048576"))).toBe(1000)
  expect(connectionLimit(limits("unlimited"))).toBe(1000)
  expect(connectionLimit("")).toBe(1000)
})
