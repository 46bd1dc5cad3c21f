import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runConformanceTests } from "@durable-streams/server-conformance-tests"
import { afterAll, beforeAll, describe } from "vitest"
import { type StreamServer, serveStreams } from "#streams/engine/server"

describe("the streams engine follows the Durable Streams protocol", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "agentz-conformance-"))
  const config = { baseUrl: "", subscriptions: true }
  let server: StreamServer | undefined

  beforeAll(async () => {
    server = await serveStreams({ dataDir, token: null })
    config.baseUrl = new URL(server.url).origin
  })

  afterAll(async () => {
    await server?.close()
    rmSync(dataDir, { recursive: true })
  })

  runConformanceTests(config)
})
