import { PermissionMode } from "#streams/event"
import { type SessionId, TokenId } from "#streams/ids"
import { jsonLog } from "../../log.ts"
import { OWNER } from "../../mcp/caller.ts"
import { parents, revokeChildren } from "../../mcp/children.ts"
import { callerOf, createToken, listTokens, revokeToken } from "../../mcp/tokens.ts"
import { Problem } from "../../problem.ts"
import { ageOf } from "../age.ts"
import { defineCommand } from "../command.ts"
import type { Deps } from "../deps.ts"
import { ending, type Io } from "../io.ts"
import { scopeFrom } from "../mcp-scope.ts"
import { madePage, tokensPage } from "../mcp-token-pages.ts"
import { EXIT, Refusal, usage } from "../refusal.ts"
import { withPlane } from "../with-plane.ts"

export const mcp = defineCommand({
  name: "mcp",
  summary: "lets other programs start and follow sessions and workflows, by MCP",
  positionals: ["[token]", "[create|list|revoke]", "[TOKEN...]"],
  flags: {
    name: { type: "string", value: "N", help: "of the token, for you (mcp)" },
    sessions: { type: "string", value: "W", help: "which sessions: none, own or all" },
    workflows: { type: "string", multiple: true, value: "NAME", help: "a workflow, or all (repeat it)" },
    runs: { type: "string", value: "W", help: "which runs of those workflows: own (default) or all" },
    mode: {
      type: "string",
      value: "P",
      help: `most for its sessions (ask): ${PermissionMode.options.join(", ")}`,
    },
    cwd: { type: "string", value: "D", help: "its sessions work in this directory or below (anywhere)" },
    "read-only": { type: "boolean", help: "it looks, and changes nothing" },
    expires: { type: "string", value: "AGE", help: "how long it is good: 12h, 30d (for ever)" },
  },
  json: "for tokens print {tokenId, token, name, scope, createdAt, expiresAt}, {tokens, parents} or {revoked}",
  more: `
agentz mcp                          serves MCP on standard input and output, for a program that starts it
agentz mcp token create [options]   makes a token for /mcp at the address of \`agentz up\`; it is shown once
agentz mcp token list               the tokens, and the sessions whose agents may start others
agentz mcp token revoke TOKEN...    these open nothing any more, at once

With neither --sessions nor --workflows a token has its own sessions, and its own runs of all workflows; with one of
them, only what it says. AGENTZ_MCP_TOKEN makes \`agentz mcp\` itself do only what that token may.`,
  async run({ values, positionals: [noun, verb, ...given], json, io, deps }) {
    if (noun === undefined) return await serve(io, deps)
    if (noun !== "token") throw usage(`“${noun}” is nothing of mcp: agentz mcp [token create|list|revoke]`)
    const { path: home } = await deps.openHome(deps.config().home)
    const tell = (data: unknown, page: string) => {
      io.stdout.write(json ? `${JSON.stringify(data)}\n` : page)
      return EXIT.ok
    }
    switch (verb) {
      case "create": {
        const scope = await scopeFrom(values, io.cwd)
        const lasts = values.expires === undefined ? null : ageOf("--expires", values.expires)
        const expiresAt = lasts === null ? null : new Date(deps.now() + lasts).toISOString()
        const { token, ...info } = await createToken(home, {
          name: values.name?.trim() || "mcp",
          scope,
          expiresAt,
        })
        return tell({ ...info, token }, madePage(token, info))
      }
      case "list": {
        const found = { tokens: await listTokens(home), parents: await parents(home) }
        return tell(found, tokensPage(found, deps.now()))
      }
      case "revoke": {
        if (given.length === 0) throw usage("TOKEN is missing: agentz mcp token revoke TOKEN...")
        const revoked = await revoke(home, given)
        return tell({ revoked }, revoked.map((id) => `${id} opens nothing any more.\n`).join(""))
      }
      default:
        throw usage("Say what to do with tokens: agentz mcp token create, list or revoke.")
    }
  },
})

async function serve(io: Io, deps: Deps): Promise<number> {
  // A signal ends the serving and not the process: what was begun is seen through.
  using life = ending(io)
  return await withPlane(deps, async (plane, { config, home }) => {
    const caller = config.mcpToken === null ? OWNER : await callerOf(home.path, config.mcpToken, deps.now())
    if (caller === null)
      throw new Problem(
        "unknown_token",
        "AGENTZ_MCP_TOKEN is unknown, revoked or over: `agentz mcp token create` makes another one.",
      )
    if (io.stdin.isTTY === true)
      io.stderr.write("This speaks MCP, for a client that starts it: see docs/mcp.md. Ctrl-C ends it.\n")
    const { serveStdio } = await import("#src/mcp/stdio")
    await serveStdio({ plane, caller, log: jsonLog(io.stderr) }, { io, ended: life.ended })
    return EXIT.ok
  })
}

/** Names of tokens may be shortened, like all ids. */
async function revoke(home: string, given: readonly string[]): Promise<readonly (TokenId | SessionId)[]> {
  const known = [...(await listTokens(home)).map(({ tokenId }) => tokenId), ...(await parents(home))]
  const wanted = given.map((one) => {
    const [found, ...others] = known.filter((id) => id.startsWith(one) || id.startsWith(`tok_${one}`))
    if (found === undefined)
      throw new Problem(
        "unknown_token",
        `There is no token “${one}”: \`agentz mcp token list\` shows those there are.`,
      )
    if (others.length > 0)
      throw new Refusal(
        "ambiguous_id",
        `“${one}” may mean ${[found, ...others].join(", ")}: type more letters.`,
      )
    return found
  })
  for (const id of wanted) {
    const tokenId = TokenId.safeParse(id).data
    if (tokenId !== undefined) await revokeToken(home, tokenId)
    else await revokeChildren(home, id as SessionId)
  }
  return wanted
}
