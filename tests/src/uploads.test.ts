import { readdirSync, statSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { contentTypeOf } from "#src/control/content-type"
import { addToUpload, readUpload } from "#src/uploads"
import { newUploadId } from "#streams/ids"
import { tempDir } from "../support/temp-dir.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")

test("a file comes part by part, and nobody else can read it", async () => {
  await using home = await tempDir()
  const { uploadId } = await addToUpload(home.path, { data: base64("one ") })
  expect(await addToUpload(home.path, { uploadId, data: base64("two") })).toEqual({ uploadId, bytes: 7 })
  expect(Buffer.from(await readUpload(home.path, uploadId)).toString()).toBe("one two")
  expect(statSync(join(home.path, "uploads", uploadId)).mode & 0o777).toBe(0o600)
})

test("more than ten megabytes are refused, and so is an upload that is not there", async () => {
  await using home = await tempDir()
  const data = Buffer.alloc(10 * 1024 * 1024).toString("base64")
  const { uploadId } = await addToUpload(home.path, { data })
  await expect(addToUpload(home.path, { uploadId, data: base64("x") })).rejects.toMatchObject({
    reason: "attachment_too_large",
  })
  const unknown = { reason: "unknown_upload" }
  const more = addToUpload(home.path, { uploadId: newUploadId(), data: base64("x") })
  await expect(more).rejects.toMatchObject(unknown)
  await expect(readUpload(home.path, newUploadId())).rejects.toMatchObject(unknown)
})

test("what no message took within a day is forgotten", async () => {
  await using home = await tempDir()
  const { uploadId } = await addToUpload(home.path, { data: base64("old") })
  utimesSync(join(home.path, "uploads", uploadId), 0, 0)
  const next = await addToUpload(home.path, { data: base64("new") })
  expect(readdirSync(join(home.path, "uploads"))).toEqual([next.uploadId])
})

test.each([
  ["89504e470d0a1a0a00", "image/png"],
  ["ffd8ffe0", "image/jpeg"],
  ["474946383961", "image/gif"],
  ["524946460000000057454250", "image/webp"],
  ["52494646000000005741564500", "application/octet-stream"],
  ["68c3a9", "text/plain; charset=utf-8"],
  ["68e9", "application/octet-stream"],
  ["6800", "application/octet-stream"],
])("the bytes %s are %s, whatever their name says", (hex, type) => {
  expect(contentTypeOf(Buffer.from(hex, "hex"))).toBe(type)
})
