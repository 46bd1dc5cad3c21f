/** What bytes are, by looking at them: a name may lie. Pure. */
const MAGIC: readonly (readonly [string, (bytes: Uint8Array) => boolean])[] = [
  ["image/png", (bytes) => starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ["image/jpeg", (bytes) => starts(bytes, [0xff, 0xd8, 0xff])],
  ["image/gif", (bytes) => starts(bytes, [0x47, 0x49, 0x46, 0x38])],
  [
    "image/webp",
    (bytes) => starts(bytes, [0x52, 0x49, 0x46, 0x46]) && starts(bytes.subarray(8), [0x57, 0x45, 0x42, 0x50]),
  ],
]

const starts = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, at) => bytes[at] === byte)

/** One of the image types that models take, text, or bytes. */
export function contentTypeOf(bytes: Uint8Array): string {
  const image = MAGIC.find(([, is]) => is(bytes))
  if (image) return image[0]
  return isText(bytes) ? "text/plain; charset=utf-8" : "application/octet-stream"
}

function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
