import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { StreamClient } from "./streams-client.ts"
import { breakDisk, cannotMount, fillUp, imageDisk, memoryDisk, type SmallDisk } from "./streams-disk.ts"
import { LONG, type ServerProcess, spawnServer } from "./streams-process.ts"

if (cannotMount) console.log(`skipped: ${cannotMount}`)

const DISKS = LONG ? 5 : 1
/** What is kept free for the next writes grows with the store: with more rounds it alone would fill the disk. */
const ROUNDS_PER_DISK = 4
const RECORD_BYTES = 10_000

/** Appends numbered records to one stream, and knows which were acknowledged. */
class Account {
  readonly #client: StreamClient
  readonly name: string
  readonly acknowledged: number[] = []
  #next = 0

  constructor(client: StreamClient, name: string) {
    this.#client = client
    this.name = name
  }

  async append(): Promise<number> {
    const n = this.#next++
    const body = Buffer.alloc(RECORD_BYTES, n % 251)
    body.writeUInt32BE(n, 0)
    const { status } = await this.#client.call("POST", this.name, { body })
    if (status === 204) this.acknowledged.push(n)
    return status
  }

  async appendUntilRefused(): Promise<number> {
    for (let tries = 0; tries < 5_000; tries++) {
      const status = await this.append()
      if (status !== 204) return status
    }
    throw new Error("the disk does not fill up")
  }

  async expectWhole(client = this.#client): Promise<void> {
    const { bytes } = await client.read(this.name)
    const found: number[] = []
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) found.push(bytes.readUInt32BE(at))
    expect(found).toEqual(this.acknowledged)
  }
}

const isSwept = async (client: StreamClient) =>
  (await client.call("GET", "../../metrics")).body.includes("agentz_streams_trash 0\n")

const isAlive = ({ process: child }: ServerProcess) => child.exitCode === null && child.signalCode === null

async function fillAndFree(disk: SmallDisk): Promise<void> {
  const data = join(disk.path, "data")
  const ballast = join(disk.path, "ballast")
  const old: string[] = []
  await using server = await spawnServer(data)
  using client = new StreamClient(server.url)
  let long = new Account(client, "long")
  await client.create(long.name)
  for (let round = 0; round < ROUNDS_PER_DISK; round++) {
    expect(await long.append()).toBe(204)
    fillUp(ballast)
    expect(await long.appendUntilRefused()).toBe(507)
    // Nor is there room for a stream that has no history yet.
    const unheard = await client.call("PUT", `fresh-${round}`, { body: Buffer.alloc(500_000) })
    expect(unheard.status).toBe(507)
    expect((await client.call("HEAD", long.name)).status).toBe(200)
    expect((await client.call("HEAD", `fresh-${round}`)).status).toBe(404)
    await long.expectWhole()

    rmSync(ballast)
    expect(await long.append()).toBe(204)
    const fresh = new Account(client, `fresh-${round}`)
    expect((await client.create(fresh.name)).status).toBe(201)
    expect(await fresh.append()).toBe(204)
    old.push(fresh.name)
    // Half of them go again, so that the store has free pages inside.
    if (round % 2 === 0) expect((await client.call("DELETE", old.pop() ?? "")).status).toBe(204)
  }
  // The pages of a long stream are used again.
  expect((await client.call("DELETE", long.name)).status).toBe(204)
  await expect.poll(() => isSwept(client)).toBe(true)
  long = new Account(client, "next")
  expect((await client.create(long.name)).status).toBe(201)
  fillUp(ballast)
  expect(await long.appendUntilRefused()).toBe(507)
  expect(isAlive(server)).toBe(true)

  // Killed and started on the full disk, it reads, deletes and takes up writing again.
  await server.kill()
  await using again = await spawnServer(data)
  using after = new StreamClient(again.url)
  await long.expectWhole(after)
  expect((await after.call("POST", long.name, { body: Buffer.alloc(500_000) })).status).toBe(507)
  for (const name of old) expect((await after.call("DELETE", name)).status).toBe(204)
  rmSync(ballast)
  expect((await after.create("last")).status).toBe(201)
  await long.expectWhole(after)
  expect(isAlive(again)).toBe(true)
}

test.skipIf(cannotMount !== null).each([
  ["tmpfs", () => memoryDisk(24)],
  ["ext4", () => imageDisk(48)],
])("on a full %s writes get 507, reads go on, and writes resume without a restart", async (_, openDisk) => {
  for (let turn = 0; turn < DISKS; turn++) {
    using disk = openDisk()
    await fillAndFree(disk)
  }
})

test.skipIf(cannotMount !== null)(
  "on a disk that became read-only writes get 507 and reads go on; mounted anew it has everything",
  async () => {
    using disk = imageDisk(48)
    const data = join(disk.path, "data")
    const server = await spawnServer(data)
    using client = new StreamClient(server.url)
    const stream = new Account(client, "s")
    try {
      await client.create(stream.name)
      for (let n = 0; n < 20; n++) expect(await stream.append()).toBe(204)
      breakDisk(disk)
      for (let n = 0; n < 5; n++) expect(await stream.append()).toBe(507)
      const refused = await client.call("DELETE", stream.name)
      expect(refused.status).toBe(507)
      expect(JSON.parse(refused.body.toString())).toMatchObject({ error: { code: "disk_read_only" } })
      expect((await client.call("HEAD", stream.name)).status).toBe(200)
      await stream.expectWhole()
      expect(isAlive(server)).toBe(true)
    } finally {
      await server.kill()
    }
    disk.remount()
    await using again = await spawnServer(data)
    using after = new StreamClient(again.url)
    await stream.expectWhole(after)
    expect((await after.call("POST", stream.name, { body: Buffer.alloc(RECORD_BYTES) })).status).toBe(204)
  },
)
