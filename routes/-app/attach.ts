/** Files that go along with a message: handed to the server piece by piece, then named by the message. */
import type { UploadId } from "#streams/ids"
import { openApi } from "./api.ts"

export interface Attached {
  readonly uploadId: UploadId
  readonly name: string
}

// A request holds four megabytes at most, and base64 makes three bytes into four.
const PIECE = 2 * 1024 * 1024
const LARGEST = 10 * 1024 * 1024
export const MOST_FILES = 16

/** Uploads one file. Throws with a sentence that names the remedy. */
export async function attachFile(file: File): Promise<Attached> {
  if (file.size === 0) throw new Error(`${file.name} is empty.`)
  if (file.size > LARGEST)
    throw new Error(`${file.name} is larger than 10 MB: put it into the directory instead.`)
  const api = openApi(location.origin)
  let uploadId: UploadId | undefined
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())
    uploadId = (await api.attach({ data: base64Of(piece), uploadId })).uploadId
  }
  if (uploadId === undefined) throw new Error(`${file.name} could not be read.`)
  return { uploadId, name: file.name || "pasted" }
}

/** Binary data as text. In pieces, since a call takes only so many arguments. */
export function base64Of(bytes: Uint8Array): string {
  let binary = ""
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(binary)
}
