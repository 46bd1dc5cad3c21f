import { expect, test } from "vitest"
import { planCheck } from "#streams/engine/check-plan"
import { type LastRun, readLastRun, recordDeath, writeLastRun } from "#streams/engine/last-run"
import { StoreWalk } from "#streams/engine/store-walk"
import { startServer, temporaryDir, until } from "./support.ts"

const GIGABYTE = 2 ** 30
const store = { bytes: GIGABYTE, transaction: 9, boot: "today" }
const closed: LastRun = {
  state: "closed",
  pid: 7,
  boot: "today",
  transaction: 9,
  sound: true,
  signal: null,
  damage: null,
}
const killed: LastRun = { ...closed, state: "serving", transaction: null }

test.each<[string, LastRun | null, Partial<typeof store>, string, boolean]>([
  ["a small store is always read through", closed, { bytes: 1000 }, "whole", false],
  ["a well closed one is opened after its headers", closed, {}, "headers", false],
  ["one that was changed since is not trusted", closed, { transaction: 12 }, "branches", true],
  ["one that nobody had read through is not trusted", { ...closed, sound: false }, {}, "branches", true],
  ["an unknown one is not trusted", null, {}, "branches", true],
  ["after a kill the leaves are read while it serves", killed, {}, "branches", true],
  ["killed before they were read", { ...killed, sound: false }, {}, "whole", false],
  ["died by a broken store", { ...killed, signal: "SIGBUS" }, {}, "whole", false],
  ["killed by somebody who was seen", { ...killed, signal: "SIGKILL" }, {}, "branches", true],
  ["the machine went down", { ...killed, boot: "yesterday" }, {}, "whole", false],
  ["damage was found", { ...closed, damage: "page 7" }, {}, "whole", false],
])("%s", (_, last, facts, before, walkAfter) => {
  expect(planCheck(last, { ...store, ...facts })).toMatchObject({ before, walkAfter })
})

test("a death is written down for the run it ended, and for no other", () => {
  using dir = temporaryDir()
  recordDeath(dir.path, { pid: 7, signal: "SIGSEGV" })
  expect(readLastRun(dir.path)).toBeNull()
  writeLastRun(dir.path, killed)
  recordDeath(dir.path, { pid: 8, signal: "SIGSEGV" })
  expect(readLastRun(dir.path)?.signal).toBeNull()
  recordDeath(dir.path, { pid: 7, signal: "SIGSEGV" })
  expect(readLastRun(dir.path)?.signal).toBe("SIGSEGV")
  writeLastRun(dir.path, closed)
  recordDeath(dir.path, { pid: 7, signal: "SIGSEGV" })
  expect(readLastRun(dir.path)?.signal).toBeNull()
})

test("a server says while it runs and when it ends how its store is", async () => {
  const server = await startServer()
  await server.create("s")
  expect(readLastRun(server.dir)).toMatchObject({ state: "serving", pid: process.pid, sound: true })
  await server.reopen()
  await using _ = server
  expect(readLastRun(server.dir)).toMatchObject({ state: "serving" })
})

/** A program that stands in for the reader of the file. */
const saying = (code: string) => ({ program: "-e", file: code })

test("the walk holds one snapshot while a child reads, and tells what it found", async () => {
  let held = 0
  const heldStore = {
    fileBytes: () => 0,
    snapshot: () => {
      held++
      return { [Symbol.dispose]: () => void held-- }
    },
  }
  const found: (string | null)[] = []
  const log: Record<string, unknown>[] = []
  const walk = (code: string, growth = () => 0) =>
    new StoreWalk({
      ...saying(code),
      store: { ...heldStore, fileBytes: growth },
      log: (line) => log.push(line),
      onEnd: (finding) => found.push(finding),
    })

  walk(`process.stdout.write('"page 7"')`)
  expect(held).toBe(1)
  await until(() => found.length === 1)
  walk("process.stdout.write('null')")
  await until(() => found.length === 2)
  expect(found).toEqual(["page 7", null])
  expect(held).toBe(0)

  let bytes = 0
  const busy = walk("setTimeout(() => undefined, 60_000)", () => (bytes += 2 ** 30))
  await until(() => log.some(({ event }) => event === "store_walk_postponed"))
  expect(held).toBe(0)
  busy.stop()
  const stopped = walk("setTimeout(() => undefined, 60_000)")
  stopped.stop()
  expect(held).toBe(0)
  expect(found).toHaveLength(2)
})
