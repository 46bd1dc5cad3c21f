import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { checkStoreFile } from "#streams/engine/check"
import { freeRuns } from "#streams/engine/free-list"
import { startServer, temporaryDir, until } from "./support.ts"

const PAGE = 4096
const WORD = 8

function record(...words: number[]): Buffer {
  const bytes = Buffer.alloc(words.length * WORD)
  for (const [at, word] of words.entries()) bytes.writeBigInt64LE(BigInt(word), at * WORD)
  return bytes
}

test("a record of the free list names single pages and runs of them, and may have places left empty", () => {
  expect([...freeRuns(record(6, 9, 0, -3, 20, 0, 5, 77))]).toEqual([
    [9, 1],
    [20, 3],
    [5, 1],
  ])
  expect([...freeRuns(record(0, 1, 2))]).toEqual([])
})

test("a record of the free list that counts more than it holds, or breaks off inside a run, is none", () => {
  const broken = [
    record(2, 9),
    record(-1, 9),
    record(1, -3, 20),
    record(2, -3, 0),
    record(2, -3, -4),
    Buffer.alloc(3),
  ]
  for (const bytes of broken) expect(() => [...freeRuns(bytes)]).toThrow(/free pages/)
})

/** A store whose list of free pages is short, or long enough to fill pages of its own. */
async function storeWithFreePages(file: string, messages: number): Promise<void> {
  await using server = await startServer()
  await server.create("kept")
  await server.append("kept", { n: 0 })
  await server.create("gone")
  const body = JSON.stringify("x".repeat(20_000))
  for (let n = 0; n < messages; n++) {
    const sent = Array.from({ length: 20 }, () =>
      server.call("POST", "gone", { headers: { "content-type": "application/json" }, body }),
    )
    await Promise.all(sent)
  }
  await server.call("DELETE", "gone")
  const metrics = async () => await (await server.call("GET", "../../metrics")).text()
  await until(async () => (await metrics()).includes("agentz_streams_trash 0\n"))
  await server.reopen()
  await server.append("kept", { n: 1 })
  await server.reopen()
  copyFileSync(join(server.dir, "data.mdb"), file)
}

interface FreeRecord {
  /** Where its words begin in the file. */
  readonly at: number
  readonly words: number[]
  readonly isLong: boolean
}

/** The records of a free list of one page, found without the code under test. */
function recordsOf(file: Buffer): {
  readonly used: number
  readonly last: number
  readonly records: FreeRecord[]
} {
  const header = file.readBigUInt64LE(152) > file.readBigUInt64LE(PAGE + 152) ? 0 : PAGE
  const root = Number(file.readBigUInt64LE(header + 48 + 40)) * PAGE
  const records = Array.from({ length: file.readUInt16LE(root + 20) / 2 }, (_, slot): FreeRecord => {
    const entry = root + 24 + file.readUInt16LE(root + 24 + 2 * slot)
    const isLong = (file.readUInt16LE(entry + 4) & 1) === 1
    const value = entry + 16
    const at = isLong ? Number(file.readBigUInt64LE(value)) * PAGE + 24 : value
    const count = Number(file.readBigInt64LE(at))
    const words = Array.from({ length: count }, (_, n) => Number(file.readBigInt64LE(at + WORD * (n + 1))))
    return { at, words, isLong }
  })
  const used = Number(file.readBigUInt64LE(header + 96 + 40))
  return { used, last: Number(file.readBigUInt64LE(header + 144)), records }
}

for (const [kind, messages] of [
  ["short", 1],
  ["long", 15],
] as const) {
  test(`damage to a ${kind} list of free pages is found before the store is opened`, async () => {
    using dir = temporaryDir()
    const file = join(dir.path, "store")
    await storeWithFreePages(file, messages)
    for (const depth of ["whole", "branches"] as const) expect(checkStoreFile(file, depth)).toBeNull()
    const good = readFileSync(file)
    const { used, last, records } = recordsOf(good)
    expect(records.some(({ isLong }) => isLong)).toBe(kind === "long")

    const finding = (at: number, word: number) => {
      const copy = Buffer.from(good)
      copy.writeBigInt64LE(BigInt(word), at)
      writeFileSync(file, copy)
      return [checkStoreFile(file, "whole"), checkStoreFile(file, "branches")]
    }
    const free = records.flatMap(({ at, words }) =>
      words.flatMap((word, n) => (word > 0 ? [{ at: at + WORD * (n + 1), page: word }] : [])),
    )
    const [one, other] = free
    if (!one || !other) throw new Error("the store has too few free pages")
    const found = [expect.any(String), expect.any(String)]
    expect(finding(one.at, used), "a page in use").toEqual(found)
    expect(finding(one.at, other.page), "a page named twice").toEqual(found)
    expect(finding(one.at, last + 1), "a page behind the end").toEqual(found)
    expect(finding(one.at, 1), "a header page").toEqual(found)
    for (const { at } of records) expect(finding(at, 2 ** 40), "a wrong count").toEqual(found)
  })
}
