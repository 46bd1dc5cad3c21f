/** The MCP server of one caller: lists the tools that it may use, and calls them. It keeps nothing between calls. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { version } from "../package-root.ts"
import { Problem } from "../problem.ts"
import { mayUse } from "./caller.ts"
import { runTools } from "./run-tools.ts"
import { sessionTools } from "./session-tools.ts"
import { type Call, refusal, type Tool } from "./tool.ts"

const TOOLS: readonly Tool[] = [...runTools, ...sessionTools]

const INSTRUCTIONS =
  "agentz runs coding agents in sessions, and graphs of steps in runs of workflows, that outlive whoever started them. What you start goes on without you: keep " +
  "the id that you were given, and ask again whenever you like, also after a restart of yours or of agentz. " +
  'A refusal is {"error": {"reason", "message"}}; the message says what to do.'

export function mcpServer(call: Omit<Call, "signal">): McpServer {
  const mcp = new McpServer(
    { name: "agentz", title: "agentz", version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  )
  const tools = TOOLS.filter((tool) => mayUse(call.caller, tool))
  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(({ info }) => info) }))
  mcp.server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.find(({ info }) => info.name === params.name)
    return tool === undefined ? notFor(params.name) : await tool.call(params.arguments, { ...call, signal })
  })
  return mcp
}

function notFor(name: string) {
  if (TOOLS.some(({ info }) => info.name === name))
    return refusal(
      new Problem("mcp_forbidden", `Your token does not let you use ${name}: ask for one that does.`),
    )
  return refusal({
    reason: "unknown_tool",
    message: `There is no tool ${name}: tools/list names those there are.`,
  })
}
