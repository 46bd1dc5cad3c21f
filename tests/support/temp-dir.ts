import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A directory that is gone again at the end of the block: `await using dir = await tempDir()`. */
export async function tempDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "agentz-test-")))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
