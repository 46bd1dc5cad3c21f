/** A client of MCP that starts something, says its handle, waits for it, and is killed over that. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"

const { url, token, start, wait } = JSON.parse(process.argv[2])
const client = new Client({ name: "caller", version: "1.0.0" })
const headers = { authorization: `Bearer ${token}` }
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
const { structuredContent: handle } = await client.callTool(start)
console.log(JSON.stringify(handle))
for (;;) await client.callTool({ name: wait.name, arguments: { ...wait.arguments, ...handle } })
