import { crc32 } from "node:zlib"
import { DamagedRecordError } from "./errors.ts"

/**
 * How a row lies in the store: checksum (4 bytes), flags (1 byte), payload. The checksum covers the key as
 * well, so that a page that turns up in another's place is noticed.
 */
const HEAD = 5

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1
  return value
})

/** `crc32(key)`: for a few bytes, the way to the native function is longer than the work. */
function keyChecksum(key: Uint8Array): number {
  let value = 0xffff_ffff
  for (let at = 0; at < key.length; at++)
    value = (value >>> 8) ^ (TABLE[(value ^ (key[at] ?? 0)) & 0xff] ?? 0)
  return (value ^ 0xffff_ffff) >>> 0
}

/** Set on a record that continues the append of the record before it. */
export const CONTINUES = 1

export function sealRecord(key: Uint8Array, payload: Uint8Array, flags = 0): Buffer {
  const row = Buffer.allocUnsafe(HEAD + payload.length)
  row[4] = flags
  row.set(payload, HEAD)
  row.writeUInt32LE(crc32(row.subarray(4), keyChecksum(key)), 0)
  return row
}

const NO_HEAD = "\0".repeat(HEAD)

/** The same for text. */
export function sealText(key: Uint8Array, text: string): Buffer {
  const row = Buffer.from(NO_HEAD + text)
  row.writeUInt32LE(crc32(row.subarray(4), keyChecksum(key)), 0)
  return row
}

/** The payload of a row this process has just sealed. */
export const payloadOf = (row: Buffer): Buffer => row.subarray(HEAD)

export interface OpenedRecord {
  readonly flags: number
  readonly payload: Buffer
}

/** The payload of a sealed row, not copied. Throws `DamagedRecordError` when the checksum does not match. */
export function openRecord(key: Uint8Array, row: Uint8Array | undefined, what: () => string): OpenedRecord {
  if (row === undefined || row.length < HEAD) throw new DamagedRecordError(what())
  const view = Buffer.isBuffer(row) ? row : Buffer.from(row.buffer, row.byteOffset, row.byteLength)
  if (view.readUInt32LE(0) !== crc32(view.subarray(4), keyChecksum(key))) throw new DamagedRecordError(what())
  return { flags: view[4] ?? 0, payload: view.subarray(HEAD) }
}
