/** The official MCP client, at an API or at a program that it starts itself. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js"

export interface Refused {
  readonly reason: string
  readonly message: string
}

export interface McpClient extends AsyncDisposable {
  /** Names of the tools that there are for this caller. */
  tools(): Promise<readonly string[]>
  /** What the tool gave. Throws where it refused. */
  call(name: string, input?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>
  /** Why the tool refused. Throws where it did not. */
  refusal(name: string, input?: Readonly<Record<string, unknown>>): Promise<Refused>
}

export const mcpAt = (api: string, token: string): Promise<McpClient> =>
  connected(
    new StreamableHTTPClientTransport(new URL(`${api}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )

/** `pid` is that of the program. */
export async function mcpProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<McpClient & { readonly pid: number }> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...args],
    env: { ...env },
    stderr: "ignore",
  })
  const client = await connected(transport)
  return { ...client, pid: transport.pid ?? 0 }
}

async function connected(transport: Parameters<Client["connect"]>[0]): Promise<McpClient> {
  const client = new Client({ name: "test", version: "1.0.0" })
  await client.connect(transport)
  // So that the client knows the schemas, and checks each answer against its own.
  const { tools } = await client.listTools()
  const ask = async (name: string, input: Readonly<Record<string, unknown>> = {}) => {
    const result = CallToolResultSchema.parse(await client.callTool({ name, arguments: { ...input } }))
    const [first] = result.content
    return { ...result, told: first?.type === "text" ? JSON.parse(first.text) : null }
  }
  return {
    tools: async () => tools.map(({ name }) => name),
    async call(name, input) {
      const { isError, structuredContent, told } = await ask(name, input)
      if (isError || structuredContent === undefined) throw new Error(`${name}: ${JSON.stringify(told)}`)
      return structuredContent
    },
    async refusal(name, input) {
      const { isError, told } = await ask(name, input)
      if (isError !== true) throw new Error(`${name} was not refused: ${JSON.stringify(told)}`)
      return told.error
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
