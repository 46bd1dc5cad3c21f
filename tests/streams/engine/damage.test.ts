import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { checkStoreFile } from "#streams/engine/check"
import { serveStreams } from "#streams/engine/server"
import { startServer, TOKEN, temporaryDir } from "./support.ts"

/** A store with trees of some depth, long values, and free pages. */
async function fillStore(file: string): Promise<void> {
  await using server = await startServer()
  for (let stream = 0; stream < 40; stream++) {
    await server.create(`s${stream}`)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        server.append(`s${stream}`, { n, text: "x".repeat(n === 0 ? 20_000 : 300) }),
      ),
    )
  }
  for (let stream = 0; stream < 10; stream++) await server.call("DELETE", `s${stream}`)
  await server.reopen()
  copyFileSync(join(server.dir, "data.mdb"), file)
}

const PAGE = 4096

test("damage that would crash the process is found before the store is opened", async () => {
  using dir = temporaryDir()
  const good = join(dir.path, "good")
  await fillStore(good)
  expect(checkStoreFile(good, true)).toBeNull()
  const bytes = readFileSync(good)
  const damaged = join(dir.path, "damaged")
  const finding = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(bytes)
    change(copy)
    writeFileSync(damaged, copy)
    return checkStoreFile(damaged, true)
  }

  for (const header of [0, 1]) {
    expect(finding((copy) => copy.fill(0, header * PAGE, (header + 1) * PAGE))).not.toBeNull()
    expect(finding((copy) => copy.fill(0xa5, header * PAGE + 16, header * PAGE + 200))).not.toBeNull()
  }
  let found = 0
  let tried = 0
  copyFileSync(good, damaged)
  const fd = openSync(damaged, "r+")
  const used = Math.min(400, Math.floor(bytes.length / PAGE))
  for (let page = 2; page < used; page += 3) {
    writeSync(fd, Buffer.alloc(PAGE), 0, PAGE, page * PAGE)
    if (checkStoreFile(damaged, true) !== null) found++
    writeSync(fd, bytes, page * PAGE, PAGE, page * PAGE)
    tried++
  }
  closeSync(fd)
  expect(checkStoreFile(damaged, true)).toBeNull()
  // Not every page is in use: free ones, and the inside of long values, may hold anything.
  expect(found).toBeGreaterThan(tried / 5)

  copyFileSync(good, damaged)
  truncateSync(damaged, PAGE * 20)
  expect(checkStoreFile(damaged, true)).toContain("cut short")
})

test("a damaged store is refused with a sentence, and left as it is", async () => {
  using dir = temporaryDir()
  const file = join(dir.path, "data.mdb")
  await fillStore(file)
  const bytes = readFileSync(file)
  bytes.fill(0, 0, PAGE)
  writeFileSync(file, bytes)
  const refused = serveStreams({ dataDir: dir.path, token: TOKEN })
  await expect(refused).rejects.toMatchObject({
    code: "store_damaged",
    message: expect.stringContaining("backup"),
  })
  expect(readFileSync(file).equals(bytes)).toBe(true)
})

test("a record with a flipped bit is never served: reads go up to it and then fail loudly", async () => {
  using dir = temporaryDir()
  const file = join(dir.path, "data.mdb")
  {
    await using server = await startServer()
    await server.create("s")
    for (let n = 0; n < 10; n++) await server.append("s", { n, mark: `mark-${n}-${"x".repeat(100)}` })
    await server.reopen()
    copyFileSync(join(server.dir, "data.mdb"), file)
  }
  const bytes = readFileSync(file)
  // Old copies of the page lie about as well: damage them all.
  for (let at = bytes.indexOf("mark-6"); at !== -1; at = bytes.indexOf("mark-6", at + 1))
    bytes[at + 20] = 0x79
  writeFileSync(file, bytes)
  await using server = await serveStreams({ dataDir: dir.path, token: TOKEN })
  const read = (offset: string) =>
    fetch(`${server.url}/s?offset=${offset}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const before = await read("-1")
  expect(await before.json()).toHaveLength(6)
  expect(before.headers.get("stream-up-to-date")).toBeNull()
  const at = await read(before.headers.get("stream-next-offset") ?? "")
  expect(at.status).toBe(503)
  expect(await at.json()).toMatchObject({ error: { code: "record_damaged" } })
})
