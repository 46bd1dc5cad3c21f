import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { controlKey, streamKey } from "#streams/engine/keys"
import { DirLock } from "#streams/engine/lock"
import { sealRecord } from "#streams/engine/record"
import { serveStreams } from "#streams/engine/server"
import { openStore } from "#streams/engine/store"
import { startServer, temporaryDir } from "./support.ts"

const token = "t"

test("a second server on the same directory is refused, and told who holds it", async () => {
  await using server = await startServer()
  await expect(serveStreams({ dataDir: server.dir, token })).rejects.toMatchObject({
    code: "data_dir_busy",
    pid: process.pid,
    message: expect.stringContaining(`process ${process.pid}`),
  })
})

test("the lock of a dead process is taken over, and says so", () => {
  using dir = temporaryDir()
  writeFileSync(
    join(dir.path, "lock"),
    JSON.stringify({ pid: process.pid, boot: "of yesterday", started: "1" }),
  )
  using lock = DirLock.take(dir.path)
  expect(lock.afterCrash).toBe(true)
})

test("a clean end leaves no lock behind", async () => {
  await using server = await startServer()
  await server.reopen()
  using dir = temporaryDir()
  DirLock.take(dir.path)[Symbol.dispose]()
  expect(readdirSync(dir.path)).toEqual([])
})

test("the directory and its files are for this user alone, whatever the umask", async () => {
  const umask = process.umask(0)
  try {
    using parent = temporaryDir()
    const dataDir = join(parent.path, "streams")
    await using _ = await serveStreams({ dataDir, token })
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(dataDir)) expect(statSync(join(dataDir, name)).mode & 0o077, name).toBe(0)
  } finally {
    process.umask(umask)
  }
})

test("a directory that is open to others is refused with the remedy", async () => {
  using dir = temporaryDir()
  chmodSync(dir.path, 0o755)
  const refused = serveStreams({ dataDir: dir.path, token })
  await expect(refused).rejects.toMatchObject({
    code: "data_dir_refused",
    message: expect.stringContaining("chmod 700"),
  })
})

test("a directory of the reference server is refused", async () => {
  using dir = temporaryDir()
  for (const name of ["streams", "metadata.lmdb"]) mkdirSync(join(dir.path, name))
  await expect(serveStreams({ dataDir: dir.path, token })).rejects.toMatchObject({ code: "data_dir_refused" })
})

test("a store of a newer release is refused before any of its rows is read, and left as it is", async () => {
  using dir = temporaryDir()
  const store = await openStore(dir.path, "whole")
  const row = (key: Buffer, text: string) => [key, sealRecord(key, Buffer.from(text))] as const
  const state = [row(controlKey("format"), "2"), row(streamKey(1), "not JSON, but something better")]
  await store.commit({ messages: [], state, bytes: 100 })
  await store.close()
  const file = join(dir.path, "data.mdb")
  const before = readFileSync(file)
  await expect(serveStreams({ dataDir: dir.path, token })).rejects.toMatchObject({
    code: "store_version",
    message: expect.stringContaining("format 2"),
  })
  expect(readFileSync(file).equals(before)).toBe(true)
})

test("a taken port is refused with a sentence, and the directory is let go", async () => {
  await using server = await startServer()
  using dir = temporaryDir()
  const refused = serveStreams({ dataDir: dir.path, token, port: server.port })
  await expect(refused).rejects.toMatchObject({ code: "port_in_use" })
  await using _ = await serveStreams({ dataDir: dir.path, token })
})
