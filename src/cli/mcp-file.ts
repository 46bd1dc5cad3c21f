/** MCP servers as other programs write them down: `{"mcpServers": {"name": {…}}}`. */
import { readFile } from "node:fs/promises"
import { z } from "zod"
import { type McpServer, McpServers } from "#daemon/mcp-server"
import { Refusal } from "./refusal.ts"

const File = z.object({ mcpServers: z.record(z.string(), z.record(z.string(), z.unknown())) })

export async function readMcpFile(path: string): Promise<readonly McpServer[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Refusal("file_unreadable", `${path} cannot be read (${error.code}): name a file that can.`)
  })
  const file = File.safeParse(jsonOf(text))
  if (!file.success) throw notUsable(path, 'it is JSON such as {"mcpServers": {"name": {"command": "…"}}}')
  const servers = McpServers.safeParse(
    Object.entries(file.data.mcpServers).map(([name, server]) => ({
      type: "url" in server ? "http" : "stdio",
      ...server,
      name,
    })),
  )
  if (servers.success) return servers.data
  const { path: where = [], message = "" } = servers.error.issues[0] ?? {}
  const name = Object.keys(file.data.mcpServers)[Number(where[0])] ?? ""
  throw notUsable(path, `${[name, ...where.slice(1)].join(".")}: ${message}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const notUsable = (path: string, why: string) =>
  new Refusal("mcp_file_invalid", `${path} does not tell MCP servers: ${why}.`)
