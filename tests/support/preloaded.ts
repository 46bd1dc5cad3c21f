/** Processes of agentz that first run a module of the tests, and hand it on to whatever they start. */
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { tempDir } from "./temp-dir.ts"

export interface Preloaded extends AsyncDisposable {
  /** For what the module reads; `node` in it starts a process with the module in it. */
  readonly dir: string
  /** What an installation is started with. */
  readonly env: Record<string, string>
}

/** `module` is a file of `tests/support`; it is told `dir` and the parameters in its address. */
export async function preloaded(
  module: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Preloaded> {
  const dir = await tempDir()
  const address = pathToFileURL(join(import.meta.dirname, module))
  for (const [name, value] of Object.entries({ ...parameters, dir: dir.path }))
    address.searchParams.set(name, value)
  const node = join(dir.path, "node")
  writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" --import "${address.href}" "$@"\n`)
  chmodSync(node, 0o755)
  return {
    dir: dir.path,
    env: { NODE_OPTIONS: `--import=${address.href}` },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}
