import { join } from "node:path"
import { serveStreams } from "#streams/engine/server"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { createStream } from "#streams/stream"
import type { Endpoint, FindEndpoint } from "#streams/transport"
import { tempDir } from "./temp-dir.ts"

/** The real engine on a folder of its own. `endpoint` can be pointed elsewhere, at a proxy for one. */
export async function streamServer(): Promise<
  AsyncDisposable & { readonly endpoint: FindEndpoint; at: Endpoint }
> {
  const dir = await tempDir()
  const token = "a-token-for-tests"
  const server = await serveStreams({ dataDir: join(dir.path, "streams"), port: 0, token })
  const running = {
    at: { url: server.url, token } as Endpoint,
    endpoint: () => running.at,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await dir[Symbol.asyncDispose]()
    },
  }
  return running
}

/** Makes the two streams of a session. */
export async function createSession(endpoint: FindEndpoint, sessionId: SessionId): Promise<void> {
  await createStream(endpoint, paths.inbox(sessionId))
  await createStream(endpoint, paths.events(sessionId))
}
