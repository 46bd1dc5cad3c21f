/** The keys of the two tables. Numbers are big-endian, so that the order of bytes is the order of things. */

/** A message: stream id, then its position in the stream. */
export function messageKey(stream: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key.writeUInt32BE(stream, 0)
  key.writeUIntBE(position, 4, 6)
  return key
}

export const STREAM = 0x53
export const PRODUCER = 0x50
export const TRASH = 0x54
export const CONTROL = 0x43

function tagged(tag: number, stream: number, tailBytes = 0): Buffer {
  const key = Buffer.allocUnsafe(5 + tailBytes)
  key[0] = tag
  key.writeUInt32BE(stream, 1)
  return key
}

export const streamKey = (stream: number): Buffer => tagged(STREAM, stream)
export const trashKey = (stream: number): Buffer => tagged(TRASH, stream)
export function producerKey(stream: number, producer: string): Buffer {
  const key = tagged(PRODUCER, stream, Buffer.byteLength(producer))
  key.write(producer, 5)
  return key
}
export const controlKey = (name: string): Buffer => Buffer.from(`${String.fromCharCode(CONTROL)}${name}`)

/** The id inside a stream, trash or producer key. */
export const streamOf = (key: Buffer): number => key.readUInt32BE(1)

/** What follows the id (a producer's name), or the tag (a control row's name). */
export const nameOf = (key: Buffer): string => key.toString("utf8", key[0] === CONTROL ? 1 : 5)
