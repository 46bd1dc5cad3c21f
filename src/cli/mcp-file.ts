/** MCP servers as other programs write them down, in a file. */
import { readFile } from "node:fs/promises"
import { type McpServer, McpServers } from "#daemon/mcp-server"
import { readServers } from "#streams/mcp-json"
import { Refusal } from "./refusal.ts"

export async function readMcpFile(path: string): Promise<readonly McpServer[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Refusal("file_unreadable", `${path} cannot be read (${error.code}): name a file that can.`)
  })
  const read = readServers(text)
  if ("wrong" in read) throw notUsable(path, read.wrong)
  const servers = McpServers.safeParse(read.servers)
  if (servers.success) return servers.data
  const { path: where = [], message = "" } = servers.error.issues[0] ?? {}
  const name = read.servers[Number(where[0])]?.name ?? ""
  throw notUsable(path, `${[name, ...where.slice(1)].join(".")}: ${message}`)
}

const notUsable = (path: string, why: string) =>
  new Refusal("mcp_file_invalid", `${path} does not tell MCP servers: ${why}.`)
