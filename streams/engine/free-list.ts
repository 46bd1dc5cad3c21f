import { Finding } from "./finding.ts"

const WORD = 8

/**
 * The runs of pages one record of the list of free pages names. A record is words: how many follow, then pages; a
 * word below zero is the length of the run that begins at the next one, and a zero is a place left empty.
 */
export function* freeRuns(record: Buffer): Generator<readonly [page: number, count: number]> {
  const words = Math.floor(record.length / WORD)
  const count = words > 0 ? wordAt(record, 0) : -1
  if (count < 0 || count >= words) throw malformed()
  for (let at = 1; at <= count; at++) {
    const word = wordAt(record, at)
    if (word > 0) yield [word, 1]
    if (word >= 0) continue
    at++
    const page = at <= count ? wordAt(record, at) : 0
    if (page <= 0) throw malformed()
    yield [page, -word]
  }
}

const wordAt = (record: Buffer, at: number): number => Number(record.readBigInt64LE(at * WORD))

const malformed = () => new Finding("a record of the list of free pages is none")
