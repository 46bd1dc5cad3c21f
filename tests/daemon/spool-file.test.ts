import { appendFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { openSpoolFile } from "#daemon/spool-file"
import { tempDir } from "../support/temp-dir.ts"

test("a line that a kill cut in half is gone, and the next one does not join it", async () => {
  await using dir = await tempDir()
  const path = join(dir.path, "spool")
  {
    using spool = openSpoolFile(path)
    spool.append('{"seq":1}\n')
  }
  appendFileSync(path, '{"seq":2,"te')
  using spool = openSpoolFile(path)
  expect(spool.read()).toBe('{"seq":1}\n')
  spool.append('{"seq":2}\n')
  expect(readFileSync(path, "utf8")).toBe('{"seq":1}\n{"seq":2}\n')
})

test("what is cleared is gone from the disk", async () => {
  await using dir = await tempDir()
  const path = join(dir.path, "spool")
  using spool = openSpoolFile(path)
  spool.append("some\nlines\n")
  spool.clear()
  expect(spool.read()).toBe("")
  spool.append("new\n")
  expect(readFileSync(path, "utf8")).toBe("new\n")
})
