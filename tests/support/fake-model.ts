import { createFakeModel, type LogEntry } from "../fixtures/fake-model/server.mjs"

/** A model server on this machine, gone at the end of the block. */
export async function fakeModel(): Promise<
  AsyncDisposable & { readonly baseUrl: string; readonly log: readonly LogEntry[] }
> {
  const server = createFakeModel({ chunkMs: 1 })
  const port = await server.listen(0)
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    log: server.log,
    [Symbol.asyncDispose]: () => server.close(),
  }
}
