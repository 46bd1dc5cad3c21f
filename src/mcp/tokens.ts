/**
 * Tokens for `/mcp`: one private file each, in which the secret is not. A token is `tok_….SECRET`; that of a
 * session's agent is `ses_….SECRET` and lies with its session, so it goes when that goes.
 */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { newTokenId, SessionId, TokenId } from "#streams/ids"
import { privateDirectory } from "../home.ts"
import { readPrivate, writePrivate } from "../private-file.ts"
import { type Caller, parentOf, Scope } from "./caller.ts"
import { isParent } from "./children.ts"
import { isSecret, newSecret } from "./secret.ts"

const McpToken = z.object({
  tokenId: TokenId,
  name: z.string(),
  secretHash: z.string(),
  scope: Scope,
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
})
type McpToken = z.infer<typeof McpToken>

/** A token as it may be shown. */
export type TokenInfo = Omit<McpToken, "secretHash">

const dirOf = (home: string): string => join(home, "mcp-tokens")
const fileOf = (home: string, tokenId: TokenId): string => join(dirOf(home), `${tokenId}.json`)

/** `token` is told this once. */
export async function createToken(
  home: string,
  given: Pick<McpToken, "name" | "scope" | "expiresAt">,
): Promise<TokenInfo & { readonly token: string }> {
  await privateDirectory(dirOf(home), undefined, { insideHome: true })
  const { secret, secretHash } = newSecret()
  const info = { tokenId: newTokenId(), ...given, createdAt: new Date().toISOString() }
  await writePrivate(fileOf(home, info.tokenId), `${JSON.stringify({ ...info, secretHash })}\n`)
  return { ...info, token: `${info.tokenId}.${secret}` }
}

/** Oldest first. */
export async function listTokens(home: string): Promise<readonly TokenInfo[]> {
  const names = await readdir(dirOf(home)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  const all: TokenInfo[] = []
  for (const name of names) {
    const tokenId = TokenId.safeParse(name.replace(/[.]json$/, "")).data
    const token = tokenId === undefined ? null : await readToken(home, tokenId)
    if (token === null) continue
    const { secretHash: _, ...info } = token
    all.push(info)
  }
  return all.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
}

/** It opens nothing any more. What was started with it stays. */
export const revokeToken = (home: string, tokenId: TokenId): Promise<void> => rm(fileOf(home, tokenId))

/** Looks like one of ours, whether it is good or not. */
export const isMcpToken = (text: string): boolean => /^(tok|ses)_[a-z0-9_-]+[.][A-Za-z0-9_-]+$/.test(text)

/** Whose token that is; `null` where it is unknown, revoked or over. */
export async function callerOf(home: string, text: string, now: number): Promise<Caller | null> {
  const dot = text.indexOf(".")
  const [id, secret] = [text.slice(0, dot), text.slice(dot + 1)]
  const sessionId = SessionId.safeParse(id).data
  if (sessionId !== undefined) return (await isParent(home, sessionId, secret)) ? parentOf(sessionId) : null
  const tokenId = TokenId.safeParse(id).data
  const token = tokenId === undefined ? null : await readToken(home, tokenId)
  if (token === null || !isSecret(secret, token.secretHash)) return null
  if (token.expiresAt !== null && Date.parse(token.expiresAt) <= now) return null
  return { id: token.tokenId, scope: token.scope }
}

async function readToken(home: string, tokenId: TokenId): Promise<McpToken | null> {
  const text = await readPrivate(fileOf(home, tokenId))
  return text === null ? null : McpToken.parse(JSON.parse(text))
}
