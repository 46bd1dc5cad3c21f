/** Where the stream server is now: its run file knows when it came back under another address. */
import { statSync } from "node:fs"
import type { Endpoint, FindEndpoint } from "#streams/transport"
import { streamsRunFileOf } from "./home.ts"
import { readRunFile, ServerRun } from "./run-file.ts"

/** `fixed` is a server that the user named: it has no run file here and does not move. */
export function endpointOf(home: string, known: Endpoint & { readonly fixed: boolean }): FindEndpoint {
  if (known.fixed) return () => known
  const path = streamsRunFileOf(home)
  let endpoint: Endpoint = known
  let read = 0
  return () => {
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (changed === read) return endpoint
    try {
      const run = readRunFile(path, ServerRun)
      read = changed
      if (run) endpoint = run
    } catch {
      // It cannot be read now: the address that is known may be right, and the next request looks again.
    }
    return endpoint
  }
}
