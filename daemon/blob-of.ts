/** Content as a blob of its owner: named by what it is, so keeping it twice keeps it once. */
import { createHash } from "node:crypto"
import type { Blob } from "#streams/blob"
import type { RunId, SessionId } from "#streams/ids"
import { paths } from "#streams/paths"

export function blobOf(ownerId: SessionId | RunId, bytes: Blob["bytes"]): Blob {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32)
  return { ref: { blob: paths.blob(ownerId, hash), bytes: bytes.length }, bytes }
}
