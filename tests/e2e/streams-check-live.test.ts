import { execFile } from "node:child_process"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient } from "./streams-client.ts"
import { LONG, spawnServer } from "./streams-process.ts"

const LOOKS = LONG ? 500_000 : 100_000
const WRITERS = 16

/** Looks at a store's headers again and again, and prints what it found wrong. */
const PROGRAM = `
  const { checkStoreFile } = await import(process.argv[1])
  const found = new Set()
  for (let look = 0; look < ${LOOKS}; look++) found.add(checkStoreFile(process.argv[2], "headers"))
  console.log(JSON.stringify([...found]))`

test("a store that is written to while it is looked at is not taken for damaged", async () => {
  await using dir = await tempDir()
  await using server = await spawnServer(dir.path)
  using client = new StreamClient(server.url)
  let running = true
  let appends = 0
  const write = async (_: unknown, writer: number) => {
    await client.create(`s${writer}`)
    while (running) if ((await client.call("POST", `s${writer}`, { body: "x" })).status === 204) appends++
  }
  const writers = Promise.all(Array.from({ length: WRITERS }, write))
  try {
    const words = ["--input-type=module", "-e", PROGRAM, resolve("dist/streams/engine/check.js")]
    const { stdout } = await promisify(execFile)(process.execPath, [...words, join(dir.path, "data.mdb")])
    expect(JSON.parse(stdout)).toEqual([null])
  } finally {
    running = false
    await writers
  }
  console.log(`${LOOKS} looks while there were ${appends} appends`)
})
