/** Files for a message, sent to the plane part by part. */
import { readFile } from "node:fs/promises"
import { basename, resolve } from "node:path"
import type { AttachmentRequest, ControlPlane } from "../plane.ts"
import { ATTACHMENT_LIMIT, tooLarge } from "../uploads.ts"
import { Refusal } from "./refusal.ts"

/** Of a part, before it is written as base64. */
const PART_BYTES = 2 * 1024 * 1024

export async function attached(
  plane: ControlPlane,
  files: readonly string[] | undefined,
  cwd: string,
): Promise<{ readonly attachments?: readonly AttachmentRequest[] }> {
  if (files === undefined) return {}
  const attachments: AttachmentRequest[] = []
  for (const file of files) attachments.push(await attach(plane, resolve(cwd, file)))
  return { attachments }
}

async function attach(plane: ControlPlane, path: string): Promise<AttachmentRequest> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Refusal("file_unreadable", `${path} cannot be read (${error.code}): name a file that can.`)
  })
  if (bytes.length > ATTACHMENT_LIMIT) throw tooLarge(bytes.length)
  if (bytes.length === 0)
    throw new Refusal("file_unreadable", `${path} is empty: there is nothing to attach.`)
  let uploadId: AttachmentRequest["uploadId"] | undefined
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    const data = bytes.subarray(at, at + PART_BYTES).toString("base64")
    const answer: Awaited<ReturnType<ControlPlane["attach"]>> = await plane.attach({ data, uploadId })
    uploadId = answer.uploadId
  }
  if (uploadId === undefined) throw new Error("Nothing was attached.")
  return { uploadId, name: basename(path) }
}
