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

const advance = (value: number, byte: number) => (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0)

/** `crc32` of key and flags: for a few bytes, the way to the native function is longer than the work. */
function headChecksum(key: Uint8Array, flags: number): number {
  let value = 0xffff_ffff
  for (let at = 0; at < key.length; at++) value = advance(value, key[at] ?? 0)
  return (advance(value, flags) ^ 0xffff_ffff) >>> 0
}

/** Set on a record that continues the append of the record before it. */
export const CONTINUES = 1

export function sealRecord(key: Uint8Array, payload: Uint8Array, flags = 0): Buffer {
  const row = Buffer.allocUnsafe(HEAD + payload.length)
  row.writeUInt32LE(crc32(payload, headChecksum(key, flags)), 0)
  row[4] = flags
  row.set(payload, HEAD)
  return row
}

const NO_HEAD = "\0".repeat(HEAD)

/** The same for text. */
export function sealText(key: Uint8Array, text: string): Buffer {
  const row = Buffer.from(NO_HEAD + text)
  row.writeUInt32LE(crc32(row.subarray(HEAD), headChecksum(key, 0)), 0)
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
  const flags = view[4] ?? 0
  const payload = view.subarray(HEAD)
  if (view.readUInt32LE(0) !== crc32(payload, headChecksum(key, flags))) throw new DamagedRecordError(what())
  return { flags, payload }
}
