import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { seeded } from "../support/seeded.ts"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient, ticket } from "./streams-client.ts"
import { LONG, spawnServer } from "./streams-process.ts"

const KILLS = LONG ? 40 : 8
/** A start takes about so long. */
const START_MS = 250
const json = { "content-type": "application/json" }

test("a store of the previous release is read, and goes on, whenever its first starts were killed", async () => {
  const { next } = seeded("killed first starts")
  const stored = gunzipSync(readFileSync("tests/fixtures/streams-store/0.1.0.mdb.gz"))
  await using dir = await tempDir()
  const data = join(dir.path, "data")
  for (let kill = 0; kill <= KILLS; kill++) {
    rmSync(data, { recursive: true, force: true })
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(join(data, "data.mdb"), stored, { mode: 0o600 })
    if (kill > 0) await startAndKill(data, next() * START_MS)
    await expectEverything(data)
  }
})

async function startAndKill(data: string, afterMs: number): Promise<void> {
  const starting = spawnServer(data, { under: ["timeout", "--signal=KILL", `${afterMs / 1000}`] })
  await starting.then(
    (server) => server.kill(),
    () => undefined,
  )
}

async function expectEverything(data: string): Promise<void> {
  await using server = await spawnServer(data)
  using client = new StreamClient(server.url)
  const messages = async (name: string): Promise<unknown[]> => {
    const { body } = await client.call("GET", `${name}?offset=-1`)
    return JSON.parse(body.toString())
  }
  const plain = Array.from({ length: 50 }, (_, n) => ({ n, text: "ä\0".repeat(n) }))
  expect(await messages("plain")).toEqual(plain)
  expect(await messages("fork")).toEqual([...plain, { n: "fork" }])
  expect(await messages("many-producers")).toHaveLength(8)
  expect(await messages("closed")).toEqual([{ last: true }])
  expect(await messages("wakes")).toHaveLength(1)
  expect((await client.read("bytes")).bytes).toEqual(Buffer.alloc(300_000, 7))
  expect((await client.call("HEAD", "deleted")).status).toBe(404)

  // What was written then is known now: a retry, a fenced epoch, a close, a subscription.
  const append = async (name: string, headers: Record<string, string>) =>
    (await client.call("POST", name, { headers: { ...json, ...headers }, body: "{}" })).status
  expect(await append("plain", ticket(49, 2, "writer"))).toBe(204)
  expect(await append("plain", ticket(0, 1, "writer"))).toBe(403)
  expect(await append("plain", ticket(50, 2, "writer"))).toBe(200)
  expect(await append("many-producers", ticket(0, 0, "p7"))).toBe(204)
  expect(await append("closed", {})).toBe(409)
  const claim = await client.call("POST", "__ds/subscriptions/sub/claim", {
    headers: json,
    body: JSON.stringify({ worker: "one" }),
  })
  expect(claim.status).toBe(200)
}
