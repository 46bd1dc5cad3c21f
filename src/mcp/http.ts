/**
 * MCP over HTTP, behind the door: each request stands for itself, so it does not matter which process answers it, or
 * how often that was started since.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { type Refusal, refuse, send } from "../http/answer.ts"
import { readBody, tooLarge } from "../http/body.ts"
import type { Log } from "../log.ts"
import type { ControlPlane } from "../plane.ts"
import type { Caller } from "./caller.ts"

export interface McpOptions {
  readonly plane: ControlPlane
  /** Whose request it is; `null`: nobody's that we know. */
  readonly callerOf: (request: IncomingMessage) => Promise<Caller | null>
  readonly log: Log
}

export function mcpOverHttp({ plane, callerOf, log }: McpOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const caller = await callerOf(request)
    if (caller === null) {
      refuse(response, TOKEN_REFUSED)
      return
    }
    const body = await readBody(request)
    if (body === null) {
      response.destroy()
      return
    }
    if (typeof body !== "string") {
      refuse(response, tooLarge(body.size))
      return
    }
    // Loaded with the first request: most installations never have one.
    const { mcpServer } = await import("#src/mcp/server")
    const { WebStandardStreamableHTTPServerTransport: Transport } = await import(
      "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
    )
    const transport = new Transport({ enableJsonResponse: true })
    const mcp = mcpServer({ plane, caller, log })
    response.once("close", () => void mcp.close())
    await mcp.connect(transport)
    const answer = await transport.handleRequest(asFetched(request, body))
    const type = answer.headers.get("content-type") ?? "application/json"
    send(response, answer.status, type, await answer.text())
  }
}

function asFetched(request: IncomingMessage, body: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headersDistinct))
    for (const one of value ?? []) headers.append(name, one)
  return new Request(`http://${request.headers.host}/mcp`, { method: "POST", headers, body })
}

const TOKEN_REFUSED: Refusal = {
  status: 401,
  reason: "mcp_token_refused",
  message:
    "That token opens nothing here: it is unknown, revoked or over. `agentz mcp token create` makes another one.",
}
