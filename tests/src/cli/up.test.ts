import { readFile, stat } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { RunningStreamServer, StreamServerOptions } from "#src/stream-server"
import { DataDirRefusedError } from "#streams/engine/errors"
import { bench, type MemoryIo, memoryIo } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const readyOf = (io: MemoryIo) =>
  JSON.parse(io.out().trim().split("\n")[0] ?? "") as {
    url: string
    api: string
    token: string
    pid: number
    streamsUrl: string
    streamsPid: number
  }

test("up says where it is, lets a browser in, and takes its run file away at the end", async () => {
  await using home = await tempDir()
  const { cli, plane } = bench(home.path)
  const io = memoryIo()
  const done = cli(["--json"], io)
  await io.saw("streamsPid")
  const ready = readyOf(io)
  const runFile = join(home.path, "run", "api.json")

  expect(ready).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?code=[\w-]{22}$/),
    api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    token: (await readFile(join(home.path, "token"), "utf8")).trim(),
    pid: process.pid,
    streamsUrl: "http://127.0.0.1:9/v1/stream",
    streamsPid: 4242,
  })
  expect((await fetch(ready.url, { redirect: "manual" })).status).toBe(303)
  expect((await stat(runFile)).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(runFile, "utf8"))).toMatchObject({ pid: process.pid, url: ready.api })
  expect(await readFile(runFile, "utf8")).not.toContain(ready.token)

  io.raise("SIGTERM")
  expect(await done).toMatchObject({ code: 0 })
  await expect(stat(runFile)).rejects.toThrow("ENOENT")
  await expect(fetch(`${ready.api}/healthz`)).rejects.toThrow()
  expect(plane.disposed).toBe(true)
  expect(io.listeners()).toBe(0)
})

test("up for the second time prints a fresh link of the first, and ends", async () => {
  await using home = await tempDir()
  const first = memoryIo()
  const running = bench(home.path).cli(["up", "--json"], first)
  await first.saw("streamsPid")
  const { api, url } = readyOf(first)
  const second = await bench(home.path, { AGENTZ_PORT: new URL(api).port }).cli(["up", "--json"])
  const words = await bench(home.path, { AGENTZ_PORT: new URL(api).port }).cli(["up"])

  expect(second.code).toBe(0)
  const again = JSON.parse(second.out)
  expect(again).toMatchObject({ api, pid: process.pid, streamsPid: 4242 })
  expect(again.url).not.toBe(url)
  expect((await fetch(again.url, { redirect: "manual" })).status).toBe(303)
  expect(words.out).toContain(`running already (pid ${process.pid})`)
  first.raise("SIGINT")
  await running
})

test("up refuses the port of another home's agentz, and of another program, by name", async () => {
  await using home = await tempDir()
  await using other = await tempDir()
  const first = memoryIo()
  const running = bench(home.path).cli(["up", "--json"], first)
  await first.saw("streamsPid")
  const { port } = new URL(readyOf(first).api)
  const foreign = await bench(other.path, { AGENTZ_PORT: port }).cli(["up"])
  first.raise("SIGINT")
  await running

  const program = createServer((socket) => {
    socket.on("error", () => socket.destroy())
    socket.resume()
    socket.end("220 hello\r\n")
  })
  await new Promise<void>((resolve) => program.listen(0, "127.0.0.1", resolve))
  const taken = (program.address() as AddressInfo).port
  const refused = await bench(other.path, { AGENTZ_PORT: String(taken) }).cli(["up", "--json"])
  await new Promise((resolve) => program.close(resolve))

  expect(foreign).toMatchObject({
    code: 1,
    err: expect.stringMatching(/held by another agentz \(pid \d+.*AGENTZ_PORT/),
  })
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.err).error).toEqual({
    reason: "port_taken",
    message: expect.stringMatching(new RegExp(`^Port ${taken} is held by .*AGENTZ_PORT`)),
  })
  if (process.platform === "linux") expect(refused.err).toContain(`(pid ${process.pid})`)
})

test("up in a pipe prints plain lines, at a terminal a page, and opens a browser only for a person", async () => {
  await using home = await tempDir()
  const start = async (words: string[], io: MemoryIo) => {
    const one = bench(home.path)
    const done = one.cli(words, io)
    await io.saw("/?code=")
    io.raise("SIGINT")
    return { ...(await done), opened: one.opened }
  }
  const desk = { color: false, browser: true, debug: false }
  const pipe = await start(["up"], { ...memoryIo(), terminal: desk })
  const person = await start(["up"], { ...memoryIo({ tty: true }), terminal: desk })
  const quiet = await start(["up", "--no-open"], { ...memoryIo({ tty: true }), terminal: desk })
  const remote = await start(["up"], memoryIo({ tty: true }))

  expect(pipe.out).toMatch(/^agentz [\d.]+ is ready \(pid \d+\)\nhttp:\/\/127\.0\.0\.1:\d+\/\?code=\S+\n/)
  expect(person.out).toMatch(/Open +http/)
  expect(person.out).toContain("Sessions go on without it")
  expect([pipe, person, quiet, remote].map(({ opened }) => opened.length)).toEqual([0, 1, 0, 0])
})

test("down stops nothing when nothing runs, and with --all the rest", async () => {
  await using home = await tempDir()
  const { cli } = bench(home.path)
  expect(await cli(["down"])).toMatchObject({ code: 0, out: expect.stringContaining("not running") })
  expect(JSON.parse((await cli(["down", "--all", "--json"])).out)).toEqual({
    apiPid: null,
    daemons: 3,
    streamsPid: 77,
  })
})

test("streams serves until a signal, with the token of the home", async () => {
  await using home = await tempDir()
  const asked: StreamServerOptions[] = []
  let closed = 0
  const serveStreams = async (options: StreamServerOptions): Promise<RunningStreamServer> => {
    asked.push(options)
    const close = async () => void closed++
    return { url: "http://127.0.0.1:5/v1/stream", port: 5, close, [Symbol.asyncDispose]: close }
  }
  const { cli } = bench(home.path, {}, { serveStreams })
  const start = async (words: string[]) => {
    const io = memoryIo()
    const done = cli(["streams", "--json", ...words], io)
    await io.saw("/v1/stream")
    io.raise("SIGTERM")
    const { code, out } = await done
    return { code, ready: JSON.parse(out) }
  }
  const kept = await start(["--port", "0"])
  const open = await start(["--insecure", "--data", "elsewhere", "--port", "7"])

  expect(kept).toEqual({
    code: 0,
    ready: {
      url: "http://127.0.0.1:5/v1/stream",
      token: expect.stringMatching(/^[\w-]{43}$/),
      pid: process.pid,
    },
  })
  expect(open.ready.token).toBeNull()
  expect(asked).toMatchObject([
    { dataDir: join(home.path, "streams"), port: 0, host: "127.0.0.1", token: kept.ready.token },
    { dataDir: "/work-dir/elsewhere", port: 7, token: null },
  ])
  expect(closed).toBe(2)
})

test("a stream server that breaks ends the command with its sentence", async () => {
  await using home = await tempDir()
  const { cli } = bench(
    home.path,
    {},
    {
      serveStreams: async ({ onFatal }) => {
        queueMicrotask(() => onFatal?.(new Error("The disk went away.")))
        return {
          url: "http://127.0.0.1:5",
          port: 5,
          close: async () => undefined,
          [Symbol.asyncDispose]: async () => undefined,
        }
      },
    },
  )
  expect(await cli(["streams"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("The disk went away."),
  })
})

test("streams names who holds its port, and refuses a directory that is not its own", async () => {
  await using home = await tempDir()
  const refusing = (error: Error) => bench(home.path, {}, { serveStreams: () => Promise.reject(error) })
  const taken = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" })

  expect(await refusing(taken).cli(["streams", "--port", "1"])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^agentz: Port 1 is held by .*AGENTZ_STREAMS_PORT/),
  })
  expect(await refusing(new DataDirRefusedError("Not yours.")).cli(["streams"])).toMatchObject({
    code: 78,
    err: "agentz: Not yours.\n",
  })
})

test("streams without a token is refused where other machines could reach it", async () => {
  await using home = await tempDir()
  const open = {
    AGENTZ_HOST: "0.0.0.0",
    AGENTZ_ALLOW_NETWORK: "1",
    AGENTZ_TOKEN: "a-token-that-is-long-enough",
  }
  expect(await bench(home.path, open).cli(["streams", "--insecure"])).toMatchObject({
    code: 64,
    err: expect.stringContaining("--insecure"),
  })
})

test("doctor looks at each thing, makes nothing, and its exit code says whether all works", async () => {
  await using dir = await tempDir()
  const home = join(dir.path, "not-yet")
  const { code, out } = await bench(home).cli(["doctor", "--json"])
  const { ok, checks } = JSON.parse(out) as {
    ok: boolean
    checks: { name: string; status: string; detail: string; remedy?: string }[]
  }

  expect({ code, ok }).toEqual({ code: 0, ok: true })
  expect(checks.map(({ name }) => name)).toEqual([
    "Node.js",
    "home",
    "token",
    "disk",
    "API port",
    "stream server",
    "web UI",
    "process isolation",
    "home hidden from agents",
    "agent demo",
  ])
  for (const { status, remedy } of checks) expect(status === "ok").toBe(remedy === undefined)
  await expect(stat(home)).rejects.toThrow("ENOENT")
})

test("doctor names the home that others may enter and the line that closes it", async () => {
  await using dir = await tempDir()
  const { chmod } = await import("node:fs/promises")
  await chmod(dir.path, 0o755)
  const { code, out } = await bench(dir.path).cli(["doctor"])
  expect(code).toBe(1)
  expect(out).toMatch(/^fail +home .*\n +→ `chmod 700 /m)
})
