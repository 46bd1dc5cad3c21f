/** Tokens of MCP, as a person reads of them. */
import type { SessionId } from "#streams/ids"
import type { Scope } from "../mcp/caller.ts"
import type { TokenInfo } from "../mcp/tokens.ts"
import { oneLine, table } from "./terminal.ts"

export function madePage(text: string, { tokenId, scope, expiresAt }: TokenInfo): string {
  const until = expiresAt === null ? "until it is revoked" : `until ${expiresAt}`
  return `${text}

Keep it: it is not shown again. It may use ${scopeWords(scope)}, ${until}.
Give it to an MCP client as a header at /mcp of agentz's address: Authorization: Bearer …
To end it: agentz mcp token revoke ${tokenId}
`
}

export function tokensPage(
  { tokens, parents }: { readonly tokens: readonly TokenInfo[]; readonly parents: readonly SessionId[] },
  now: number,
): string {
  const rows = tokens.map(({ tokenId, name, scope, expiresAt }) => [
    tokenId,
    oneLine(name),
    expiresAt === null ? "" : Date.parse(expiresAt) <= now ? "over" : `until ${expiresAt.slice(0, 16)}`,
    scopeWords(scope),
  ])
  const list =
    rows.length === 0
      ? "No tokens: `agentz mcp token create` makes one.\n"
      : table([["TOKEN", "NAME", "", "MAY USE"], ...rows], 200)
  return list + parents.map((id) => `The agent of ${id} may start sessions of its own.\n`).join("")
}

function scopeWords({ sessions, workflows, runs, readOnly, mode, workingDir }: Scope): string {
  const parts = [
    ...(sessions === "none" ? [] : [sessions === "all" ? "all sessions" : "its own sessions"]),
    ...(workflows.length === 0
      ? []
      : [
          `${runs === "all" ? "all runs" : "its own runs"} of ${workflows === "all" ? "all workflows" : workflows.join(", ")}`,
        ]),
    ...(readOnly ? ["to look only"] : sessions === "none" ? [] : [`at most in the mode ${mode}`]),
    ...(workingDir === null ? [] : [`in ${workingDir}`]),
  ]
  return parts.join(", ")
}
