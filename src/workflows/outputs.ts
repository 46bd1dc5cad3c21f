/** What steps give, where it is too large for the log: as JSON in a blob beside it, named by its content. */
import { blobOf } from "#daemon/blob-of"
import { BLOB_LIMIT_BYTES, wholeBlob, writeBlob } from "#streams/blob"
import type { BlobRef } from "#streams/event"
import type { RunId } from "#streams/ids"
import type { FindEndpoint, Patience } from "#streams/transport"
import type { RunEvent } from "#streams/workflow/event"

/** What one event has room for. */
const INLINE_BYTES = 64 * 1024

/** Puts what is too large into blobs, which are durable when this resolves. What no blob holds is a failure of its step. */
export async function withBlobs(
  endpoint: FindEndpoint,
  runId: RunId,
  { events, ...patience }: Patience & { readonly events: readonly RunEvent[] },
): Promise<readonly RunEvent[]> {
  const keep = (value: unknown) => keepOutput(endpoint, runId, { value, ...patience })
  return await Promise.all(
    events.map(async (event): Promise<RunEvent> => {
      if (event.type === "map_expanded") {
        const { items, ...rest } = event
        const ref = items === undefined ? null : await keep(items)
        return ref ? { ...rest, itemsBlob: ref } : event
      }
      if (
        event.type === "step_complete" ||
        event.type === "step_skipped" ||
        event.type === "workflow_complete"
      ) {
        const { output, ...rest } = event
        const ref = output === undefined ? null : await keep(output)
        return ref ? { ...rest, outputBlob: ref } : event
      }
      return event
    }),
  )
}

/** `null` where it fits into an event. */
async function keepOutput(
  endpoint: FindEndpoint,
  runId: RunId,
  { value, ...patience }: Patience & { readonly value: unknown },
): Promise<BlobRef | null> {
  if (isSmall(value)) return null
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  if (bytes.length <= INLINE_BYTES) return null
  const blob = blobOf(runId, bytes)
  await writeBlob(endpoint, blob, patience)
  return blob.ref
}

/** Told without writing it down: most outputs are a word or a number. A character is at most 6 bytes as JSON. */
const isSmall = (value: unknown): boolean =>
  typeof value === "string" ? value.length < INLINE_BYTES / 6 - 1 : typeof value !== "object"

/** Whether it can be kept at all. */
export const fitsOutput = (value: unknown): boolean =>
  Buffer.byteLength(JSON.stringify(value)) <= BLOB_LIMIT_BYTES

/** The text of a blob, whole. */
export const textOfBlob = async (endpoint: FindEndpoint, blob: string, patience: Patience): Promise<string> =>
  Buffer.from((await wholeBlob(endpoint, blob, patience)).buffer).toString("utf8")
