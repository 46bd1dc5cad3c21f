import { isAscii } from "node:buffer"
import type { Payloads } from "./draft.ts"
import { isPlainJson } from "./json-scan.ts"
import { BATCH_RECORD_BYTES, MESSAGE_BYTES } from "./limits.ts"
import { Refusal } from "./refusal.ts"
import { isJson, mediaType, type StreamMeta } from "./stream-meta.ts"

/** The records a request's body becomes. A JSON array is a batch of messages, anything else is kept as it is. */
export function recordsOf(meta: Pick<StreamMeta, "contentType">, body: Buffer): Payloads {
  if (body.length === 0) return []
  if (mediaType(meta.contentType) === "application/json") return jsonRecords(body)
  if (body.length <= MESSAGE_BYTES) return [body]
  return pieces(body)
}

/** Cuts a long body into records, never inside a UTF-8 character. */
function pieces(body: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let start = 0; start < body.length; ) {
    let end = Math.min(body.length, start + MESSAGE_BYTES)
    for (let back = 0; back < 3 && end < body.length && ((body[end] ?? 0) & 0xc0) === 0x80; back++) end--
    records.push(body.subarray(start, end))
    start = end
  }
  return records
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * A record of a JSON stream is one or more messages, separated by commas, in the very text they were sent
 * in: a number too long for a double stays as it was.
 */
function jsonRecords(body: Buffer): Payloads {
  const text = trim(body)
  const isBatch = text[0] === OPEN_ARRAY
  if (body.length > MESSAGE_BYTES && !isBatch) throw tooLarge()
  if (!isPlainJson(text)) mustParse(text)
  if (!isBatch) return [text]
  const inner = trim(text.subarray(1, text.length - 1))
  if (inner.length === 0) return []
  return inner.length <= BATCH_RECORD_BYTES ? [inner] : batches(inner)
}

function batches(inner: Buffer): Buffer[] {
  const records: Buffer[] = []
  let start = 0
  let end = 0
  for (const [from, to] of elements(inner)) {
    if (to - from > MESSAGE_BYTES) throw tooLarge()
    if (end > start && to - start > BATCH_RECORD_BYTES) {
      records.push(inner.subarray(start, end))
      start = from
    }
    end = to
  }
  records.push(inner.subarray(start, end))
  return records
}

/** The first messages of an append, for a fork that begins inside it; `null` when it has not as many. */
export function firstParts(meta: StreamMeta, records: readonly Buffer[], count: number): Buffer | null {
  if (!isJson(meta)) {
    const whole = Buffer.concat(records)
    return count > whole.length ? null : whole.subarray(0, count)
  }
  const parts: Buffer[] = []
  for (const record of records) {
    for (const [from, to] of elements(record)) if (parts.length < count) parts.push(record.subarray(from, to))
  }
  return parts.length < count ? null : joinJson(parts)
}

const COMMA = Buffer.from(",")

function joinJson(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part])))
}

const [OPEN, CLOSE] = [Buffer.from("["), Buffer.from("]")]

/** Records as a reader gets them: of a JSON stream, one array. */
export function formatRun(json: boolean, payloads: readonly Buffer[]): Buffer {
  if (!json) return Buffer.concat(payloads)
  const parts: Buffer[] = [OPEN]
  for (const payload of payloads) parts.push(payload, COMMA)
  parts[payloads.length === 0 ? 1 : parts.length - 1] = CLOSE
  return Buffer.concat(parts)
}

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/** Where each value lies in valid JSON values separated by commas. */
function* elements(text: Buffer): Generator<readonly [from: number, to: number]> {
  let depth = 0
  let quoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (quoted) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) quoted = false
    } else if (byte === QUOTE) quoted = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--
    else if (byte === 0x2c && depth === 0) {
      yield [start, at]
      start = at + 1
    }
  }
  yield [start, text.length]
}

/** Throws a `Refusal` unless the text is JSON. */
function mustParse(body: Buffer): void {
  try {
    JSON.parse(isAscii(body) ? body.toString("latin1") : decoder.decode(body))
  } catch {
    throw new Refusal("json_invalid", "The body is not valid JSON. Send one JSON value, or an array of them.")
  }
}

const tooLarge = () =>
  new Refusal(
    "message_too_large",
    `A message may have ${MESSAGE_BYTES} bytes. Store large content elsewhere and append a reference to it.`,
  )

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

function trim(text: Buffer): Buffer {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text[start])) start++
  while (end > start && isSpace(text[end - 1])) end--
  return end - start === text.length ? text : text.subarray(start, end)
}
