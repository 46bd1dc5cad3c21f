/** MCP servers as other programs write them down: `{"mcpServers": {"name": {…}}}`. Pure. */

/** Named and with a type; what else is in it is for the control plane to judge. */
export type NamedServer = Readonly<Record<string, unknown>> & { readonly name: string }

export type ReadServers = { readonly servers: readonly NamedServer[] } | { readonly wrong: string }

export const MCP_EXAMPLE = '{"mcpServers": {"name": {"command": "…"}}}'

export function readServers(text: string): ReadServers {
  const servers = objectOf(objectOf(parsed(text))?.mcpServers)
  const entries = Object.entries(servers ?? {}).map(([name, server]) => ({ name, server: objectOf(server) }))
  if (servers === null || entries.some(({ server }) => server === null))
    return { wrong: `it is JSON such as ${MCP_EXAMPLE}` }
  return {
    servers: entries.map(({ name, server }) => ({
      type: server && "url" in server ? "http" : "stdio",
      ...server,
      name,
    })),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // Said by the caller: it is no such JSON.
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null
