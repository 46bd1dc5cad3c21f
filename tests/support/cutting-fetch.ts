/** A `fetch` whose connections break off at any byte of their answers. */
export function cuttingFetch(next: () => number): { readonly fetch: typeof fetch; readonly cuts: number } {
  let cuts = 0
  return {
    get cuts() {
      return cuts
    },
    async fetch(input, init) {
      const response = await fetch(input, init)
      // One in three lives: what lies between two cuts may be longer than the longest piece.
      let left = next() < 0.35 ? Number.POSITIVE_INFINITY : Math.floor(next() * 3_000)
      const cutting = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, Math.min(left, chunk.length)))
          left -= chunk.length
          if (left >= 0) return
          cuts += 1
          controller.error(new Error("The connection was cut."))
        },
      })
      return new Response(response.body?.pipeThrough(cutting) ?? null, response)
    },
  }
}
