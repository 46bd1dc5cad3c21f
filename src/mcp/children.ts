/**
 * Sessions that a session's agent starts, by MCP. Nobody may unless the user allowed it for that session; then at
 * most so many are started in all, children's children counted, and none may do more than the one that starts it.
 */
import { mkdir, readdir, rm } from "node:fs/promises"
import { join, sep } from "node:path"
import { z } from "zod"
import { filesOf } from "#daemon/home"
import type { McpServer } from "#daemon/mcp-server"
import { Children } from "#streams/children"
import { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import { type Home, homeAt } from "../home.ts"
import type { SpawnRequest } from "../plane.ts"
import { createPrivate, readPrivate, writePrivate } from "../private-file.ts"
import { Problem } from "../problem.ts"
import { runningApi } from "../run-file.ts"
import { allowedMode } from "./caller.ts"
import { isSecret, newSecret } from "./secret.ts"

const Grant = Children.extend({
  secretHash: z.string(),
  /** The session with which it began: its places are shared by all who come after it. */
  family: SessionId,
})
type Grant = z.infer<typeof Grant>

/** What the server is called by which an agent starts sessions. */
export const CHILDREN_SERVER = "agentz"

/** Allows it, and gives the token with which the agent does it. Throws `children_need_api`. */
export async function grantChildren(
  home: Home,
  sessionId: SessionId,
  { most, depth, family = sessionId }: Children & { readonly family?: SessionId | undefined },
): Promise<string> {
  if (runningApi(home.apiRunFile) === null)
    throw new Problem(
      "children_need_api",
      "An agent starts its sessions through the API, which does not run: start `agentz up` first, or leave its children out.",
    )
  const { secret, secretHash } = newSecret()
  const grant: Grant = { most, depth, family, secretHash }
  const files = filesOf(home.path, sessionId)
  await mkdir(files.dir, { recursive: true, mode: 0o700 })
  await writePrivate(files.children, `${JSON.stringify(grant)}\n`)
  return `${sessionId}.${secret}`
}

/** The server for that token, where the API is now; none while there is no API. */
export function childrenServer(home: string, token: string | undefined): readonly McpServer[] {
  const api = token === undefined ? null : runningApi(homeAt(home).apiRunFile)
  if (api === null) return []
  const headers = { authorization: `Bearer ${token}` }
  return [{ type: "http", name: CHILDREN_SERVER, url: `${api.url}/mcp`, headers }]
}

/** Whether that is the secret of the session's agent. */
export async function isParent(home: string, sessionId: SessionId, secret: string): Promise<boolean> {
  const grant = await readGrant(home, sessionId)
  return grant !== null && isSecret(secret, grant.secretHash)
}

/** Its agent starts no more; what it has started stays. */
export const revokeChildren = (home: string, sessionId: SessionId): Promise<void> =>
  rm(filesOf(home, sessionId).children, { force: true })

/** What a child asks for, made no more than its parent may. Throws `mcp_forbidden`. */
export async function asChild(
  home: string,
  parent: RegistryEntry,
  request: SpawnRequest,
): Promise<SpawnRequest> {
  const grant = await grantOf(home, parent.sessionId)
  const { children: _, ...rest } = request
  return {
    ...rest,
    permissionMode: allowedMode(parent.permissionMode, request.permissionMode),
    within: parent.workingDir,
    limits: { ...request.limits, ...parent.limits },
    ...(grant.depth > 1 && { children: { most: grant.most, depth: grant.depth - 1, family: grant.family } }),
  }
}

/** Throws `mcp_forbidden` for a directory that is not `within` or below. Both are real paths. */
export function checkWithin(directory: string, within: string | undefined): void {
  if (within === undefined || `${directory}${sep}`.startsWith(`${within}${sep}`)) return
  throw new Problem("mcp_forbidden", `You may work in ${within} and below: name a directory there.`)
}

/**
 * A place for one more session of the family, taken by no other even if many are started at once. It is given back
 * when disposed, unless kept. Throws `too_many_children`.
 */
export async function takePlace(
  home: string,
  parent: SessionId,
  sessionId: SessionId,
): Promise<AsyncDisposable & { keep(): void }> {
  const { most, family } = await grantOf(home, parent)
  const { dir } = filesOf(home, family)
  for (let n = 1; n <= most; n++) {
    const file = join(dir, `child-${n}`)
    if (!(await createPrivate(file, sessionId)) && (await readPrivate(file)) !== sessionId) continue
    let kept = false
    return {
      keep() {
        kept = true
      },
      async [Symbol.asyncDispose]() {
        if (!kept) await rm(file, { force: true })
      },
    }
  }
  throw new Problem(
    "too_many_children",
    `All ${most} sessions that may be started for ${family} were started: go on with those, by session_send.`,
  )
}

async function grantOf(home: string, sessionId: SessionId): Promise<Grant> {
  const grant = await readGrant(home, sessionId)
  if (grant !== null) return grant
  throw new Problem("mcp_forbidden", `The agent of ${sessionId} may start no sessions: it was revoked.`)
}

async function readGrant(home: string, sessionId: SessionId): Promise<Grant | null> {
  const text = await readPrivate(filesOf(home, sessionId).children)
  return text === null ? null : Grant.parse(JSON.parse(text))
}

/** Sessions whose agents may start others. */
export async function parents(home: string): Promise<readonly SessionId[]> {
  const names = await readdir(join(home, "sessions")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  const ids = names.flatMap((name) => SessionId.safeParse(name).data ?? [])
  const known = await Promise.all(ids.map(async (id) => ((await readGrant(home, id)) === null ? [] : [id])))
  return known.flat()
}
