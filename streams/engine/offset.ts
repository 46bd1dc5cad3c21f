/**
 * Where a reader stands: the number of records before it. On the wire it is opaque, always 33 characters
 * wide, and sorts as text in the order of the stream.
 */
const PREFIX = "0000000000000000_"
const SHAPE = /^\d{16}_\d{16}$/

export function formatOffset(position: number): string {
  return PREFIX + String(position).padStart(16, "0")
}

/** The position an offset names; infinite when it cannot be one of ours, `null` when it has no such shape. */
export function parseOffset(text: string): number | null {
  if (!SHAPE.test(text)) return null
  return text.startsWith(PREFIX) ? Number(text.slice(PREFIX.length)) : Number.POSITIVE_INFINITY
}
