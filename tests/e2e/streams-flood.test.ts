import { execFileSync, spawnSync } from "node:child_process"
import { connect, type Socket } from "node:net"
import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient, ticket } from "./streams-client.ts"
import { headers, spawnServer } from "./streams-process.ts"

const FILES = 256
const FLOOD = 600
/** A health check is a promise about time: far below the seconds a supervisor waits. */
const HEALTH_MS = 5_000
const RECORD = Buffer.alloc(1000, "x")

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0
if (!hasPrlimit) console.log("skipped: the limit of a running process needs prlimit, which is not installed")

/** Connections that stay: a third says nothing, a third begins a request, a third reads live. */
function flood(url: string): Disposable {
  const { hostname, port, pathname, host } = new URL(url)
  const live = `GET ${pathname}/s?live=sse&offset=now HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${headers.authorization}\r\n\r\n`
  const openings = ["", "GET /v1", live]
  const sockets = Array.from({ length: FLOOD }, (_, index): Socket => {
    const socket = connect(Number(port), hostname)
    socket.on("error", () => undefined).resume()
    socket.write(openings[index % openings.length] ?? "")
    return socket
  })
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

const limited = (files: number) => ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"]

test.skipIf(process.platform === "win32").each([
  ["from its start", true],
  ["while it runs", false],
])(
  "with %s 256 open files, a flood of connections takes no event, and not the health check",
  async (_, fromStart) => {
    if (!fromStart && !hasPrlimit) return
    await using dir = await tempDir()
    await using server = await spawnServer(dir.path, { under: fromStart ? limited(FILES) : [] })
    if (!fromStart) execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${FILES}`])
    using writer = new StreamClient(server.url)
    await writer.create("s")
    let acknowledged = 0
    const append = async () => {
      const { status } = await writer.call("POST", "s", { headers: ticket(acknowledged), body: RECORD })
      if (status === 200 || status === 204) acknowledged++
      return status
    }
    for (let n = 0; n < 50; n++) await append()

    const statuses = new Set<number | null>()
    {
      using _flood = flood(server.url)
      const origin = new URL(server.url).origin
      for (let probe = 0; probe < 20; probe++) {
        const started = performance.now()
        const health = await fetch(`${origin}/healthz`, { headers: { connection: "close" } })
        expect(await health.json()).toMatchObject({ ok: true })
        expect(performance.now() - started).toBeLessThan(HEALTH_MS)

        using reader = new StreamClient(server.url)
        const read = await reader.call("GET", "s?offset=-1").catch(() => null)
        statuses.add(read?.status ?? null)
        if (read?.status === 200) expect(read.body).toHaveLength(acknowledged * RECORD.length)
        // The writer was here before.
        expect(await append()).toBeLessThan(300)
      }
    }
    console.log(`under the flood reads answered ${[...statuses].join(", ")}; ${acknowledged} appends`)

    using after = new StreamClient(server.url)
    const isBack = async () => (await after.call("HEAD", "s").catch(() => null))?.status
    await expect.poll(isBack, { timeout: 5_000 }).toBe(200)
    expect(await append()).toBeLessThan(300)
    const { bytes } = await after.read("s")
    expect(bytes).toHaveLength(acknowledged * RECORD.length)
    expect(server.process.exitCode).toBeNull()
  },
)
