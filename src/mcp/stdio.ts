/** MCP over standard input and output, for a client that starts its servers itself. */
import { Writable } from "node:stream"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import type { Io } from "../cli/io.ts"
import { mcpServer } from "./server.ts"
import type { Call } from "./tool.ts"

/** Serves until the client closes its side, or a signal comes. What was asked of daemons goes on. */
export async function serveStdio(
  call: Omit<Call, "signal">,
  { io, ended }: { readonly io: Pick<Io, "stdin" | "stdout">; readonly ended: Promise<unknown> },
): Promise<void> {
  const left = new Promise<void>((resolve) => io.stdin.once("end", resolve).once("close", resolve))
  const output = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      io.stdout.write(text)
      done()
    },
  })
  const mcp = mcpServer(call)
  await mcp.connect(new StdioServerTransport(io.stdin, output))
  await Promise.race([left, ended])
  await mcp.close()
}
