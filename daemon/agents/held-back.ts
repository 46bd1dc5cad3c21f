/**
 * What an agent writes is read only while it can be taken. Then it waits in its write, as it would at a full pipe, and
 * nothing piles up on our side: the protocol's library hands on whatever it can read.
 */
export const heldBack = <Chunk>(ready: () => Promise<void>): TransformStream<Chunk, Chunk> =>
  new TransformStream({
    async transform(chunk, controller) {
      await ready()
      controller.enqueue(chunk)
    },
  })
