/** Files on their way into a message: kept in the home, 0600, until a message takes them or a day has passed. */
import { constants } from "node:fs"
import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { newUploadId, type UploadId } from "#streams/ids"
import type { AttachRequest } from "./plane.ts"
import { Problem } from "./problem.ts"

/** Of one file. Larger ones belong in the working directory, where the agent reads what it needs of them. */
export const ATTACHMENT_LIMIT = 10 * 1024 * 1024
const KEPT_MS = 24 * 3_600_000
const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants

const folderOf = (home: string) => join(home, "uploads")

/** Begins an upload, or adds to one. Parts of one upload are sent one after the other. */
export async function addToUpload(
  home: string,
  { uploadId, data }: AttachRequest,
): Promise<{ readonly uploadId: UploadId; readonly bytes: number }> {
  const folder = folderOf(home)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (uploadId === undefined) await forgetOld(folder)
  const id = uploadId ?? newUploadId()
  const flags = uploadId === undefined ? O_CREAT | O_EXCL : 0
  const file = await open(join(folder, id), O_WRONLY | O_APPEND | O_NOFOLLOW | flags, 0o600).catch(gone(id))
  try {
    const part = Buffer.from(data, "base64")
    const bytes = (await file.stat()).size + part.length
    if (bytes > ATTACHMENT_LIMIT) throw tooLarge(bytes)
    await file.writeFile(part)
    return { uploadId: id, bytes }
  } finally {
    await file.close()
  }
}

export async function readUpload(home: string, uploadId: UploadId): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(join(folderOf(home), uploadId)).catch(gone(uploadId)))
}

async function forgetOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => null)
    if (found && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true })
  }
}

const gone = (uploadId: UploadId) => (error: NodeJS.ErrnoException) => {
  if (error.code !== "ENOENT") throw error
  throw new Problem(
    "unknown_upload",
    `There is no upload ${uploadId}, or it is older than a day: attach the file again.`,
  )
}

export const tooLarge = (bytes: number): Problem =>
  new Problem(
    "attachment_too_large",
    `The file has ${(bytes / 1024 / 1024).toFixed(1)} MB, and ${ATTACHMENT_LIMIT / 1024 / 1024} MB is the limit: put it into the working directory and name it in the message.`,
  )
