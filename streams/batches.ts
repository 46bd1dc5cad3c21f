/** Texts of JSON cut into the bodies of requests, each of a size that every server takes; what is larger goes alone. */

const BATCH_BYTES = 512 * 1024

export interface Batch {
  /** A JSON list. */
  readonly body: string
  /** How many texts are in it, and their characters. */
  readonly count: number
  readonly bytes: number
}

/** Takes no more of `texts` than the batches that are asked for need. */
export function* batchesOf(texts: Iterable<string>, mostTexts = Number.POSITIVE_INFINITY): Generator<Batch> {
  let batch: string[] = []
  let bytes = 0
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= mostTexts || bytes + text.length >= BATCH_BYTES)) {
      yield batchOf(batch, bytes)
      batch = []
      bytes = 0
    }
    batch.push(text)
    bytes += text.length
  }
  if (batch.length > 0) yield batchOf(batch, bytes)
}

const batchOf = (texts: readonly string[], bytes: number): Batch => ({
  body: `[${texts.join(",")}]`,
  count: texts.length,
  bytes,
})

/** The bodies that append these items, in order. */
export function* bodiesOf(items: Iterable<unknown>): Generator<string> {
  for (const { body } of batchesOf(textsOf(items))) yield body
}

function* textsOf(items: Iterable<unknown>): Generator<string> {
  for (const item of items) yield JSON.stringify(item)
}
