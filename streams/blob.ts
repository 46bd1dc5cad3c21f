/**
 * Blobs: what is too large for an event, each in a stream of its own beside the session's. The name is the content's
 * hash and the parts are numbered, so writing one twice, or by two writers at once, gives the same stream.
 */
import type { BlobRef } from "./event.ts"
import { createStream } from "./stream.ts"
import { type FindEndpoint, type Patience, request, StreamError } from "./transport.ts"

/** The largest blob there is; whoever has more keeps a part and says so. */
export const BLOB_LIMIT_BYTES = 16 * 1024 * 1024

/** A server takes so much in one append. */
const PART_BYTES = 512 * 1024

export interface Blob {
  readonly ref: BlobRef
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Resolves when all of it is durable. The stream is closed then: it can be read and not be changed. */
export async function writeBlob(
  endpoint: FindEndpoint,
  { ref: { blob }, bytes }: Blob,
  { type = "text/plain; charset=utf-8", ...patience }: Patience & { readonly type?: string } = {},
): Promise<void> {
  const headers = { "content-type": type, "producer-id": blob, "producer-epoch": "1" }
  try {
    await createStream(endpoint, blob, { ...patience, type })
    for (let at = 0, part = 0; at < bytes.length; at += PART_BYTES, part++)
      await request(
        endpoint,
        blob,
        {
          method: "POST",
          headers: { ...headers, "producer-seq": String(part) },
          body: bytes.subarray(at, at + PART_BYTES),
        },
        patience,
      )
    await request(endpoint, blob, { method: "POST", headers: { "stream-closed": "true" } }, patience)
  } catch (error) {
    // Closed by whoever wrote it before us: it is whole.
    if (!(error instanceof StreamError) || error.code !== "stream_closed") throw error
  }
}

/** The bytes of a blob as they come. Throws `stream_missing` where there is none. */
export async function* readBlob(
  endpoint: FindEndpoint,
  blob: string,
  patience?: Patience,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const { bytes } of windowsOf(endpoint, blob, patience)) yield bytes
}

/** A blob whole. Throws `stream_missing` where there is none. */
export async function wholeBlob(
  endpoint: FindEndpoint,
  blob: string,
  patience?: Patience,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await readWhole(endpoint, blob, patience)).bytes
}

/** Keeps it by another name as well. One that is not there any more is nothing to keep. */
export async function copyBlob(
  endpoint: FindEndpoint,
  { from, to }: { readonly from: string; readonly to: string },
  patience: Patience,
): Promise<void> {
  try {
    const { type, bytes } = await readWhole(endpoint, from, patience)
    await writeBlob(endpoint, { ref: { blob: to, bytes: bytes.length }, bytes }, { ...patience, type })
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
  }
}

async function readWhole(endpoint: FindEndpoint, blob: string, patience?: Patience) {
  const pieces: Uint8Array[] = []
  let type = ""
  for await (const window of windowsOf(endpoint, blob, patience)) {
    type = window.type
    pieces.push(window.bytes)
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return { type, bytes }
}

async function* windowsOf(endpoint: FindEndpoint, blob: string, patience?: Patience) {
  for (let offset = "-1"; ; ) {
    const { headers, bytes } = await request(endpoint, blob, { method: "GET", query: { offset } }, patience)
    yield { bytes, type: headers.get("content-type") ?? "application/octet-stream" }
    const next = headers.get("stream-next-offset") ?? offset
    if (headers.get("stream-up-to-date") === "true" || next === offset) return
    offset = next
  }
}
