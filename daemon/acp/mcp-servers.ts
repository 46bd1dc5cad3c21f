/** MCP servers in the protocol's words, for an agent that can take them. Pure. */
import type { McpServer as AcpServer, McpCapabilities } from "@agentclientprotocol/sdk"
import { AgentFailed } from "../agent-failed.ts"
import type { McpServer } from "../mcp-server.ts"

/** Throws {@link AgentFailed} for one that the agent cannot reach: going on without it would be another session. */
export function mcpServersFor(
  servers: readonly McpServer[] = [],
  can: McpCapabilities | null | undefined,
): AcpServer[] {
  return servers.map((server): AcpServer => {
    const { name } = server
    if (server.type === "stdio")
      return { name, command: server.command, args: server.args, env: pairsOf(server.env) }
    if (can?.[server.type] !== true)
      throw new AgentFailed({
        code: "mcp_unsupported",
        message: `This agent cannot reach the MCP server ${name}: it does not speak ${server.type}.`,
        hint: "Start a session without it, or give it as a program (stdio).",
      })
    return { type: server.type, name, url: server.url, headers: pairsOf(server.headers) }
  })
}

const pairsOf = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([name, value]) => ({ name, value }))
