/** The notes of one session as tools of MCP: two, and no others. It keeps nothing between calls. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import { z } from "zod"
import { version } from "../version.ts"
import { NoteInput, type NoteTools } from "./notes.ts"
import { CHECKPOINT, PRIME } from "./told.ts"

const CHANGES_NOTHING = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }

export function notesMcp(notes: NoteTools): McpServer {
  const mcp = new McpServer({ name: "agentz-notes", title: "Notes of this session", version })
  const { name, ...told } = CHECKPOINT
  mcp.registerTool(
    name,
    { ...told, inputSchema: NoteInput, annotations: { ...CHANGES_NOTHING, readOnlyHint: false } },
    async (input: z.infer<typeof NoteInput>) => answer(await notes.write(input)),
  )
  const { name: reading, ...toldReading } = PRIME
  mcp.registerTool(
    reading,
    { ...toldReading, inputSchema: z.strictObject({}), annotations: CHANGES_NOTHING },
    () => answer(notes.last()),
  )
  return mcp
}

const answer = (value: object): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value) }],
})
