/** Who speaks MCP, and what they may touch. Pure: a token's rights are data, and asking them changes nothing. */
import { z } from "zod"
import { PermissionMode } from "#streams/event"
import { type SessionId, TokenId } from "#streams/ids"
import { Problem } from "../problem.ts"

export const Scope = z.strictObject({
  /** Which sessions: those that were started with the token, or all. */
  sessions: z.enum(["none", "own", "all"]),
  /** Which workflows, by name. */
  workflows: z.union([z.literal("all"), z.array(z.string())]),
  /** Of the runs of those: the ones that were started with the token, or all. */
  runs: z.enum(["own", "all"]),
  /** It looks, and changes nothing. */
  readOnly: z.boolean(),
  /** The least careful mode that its sessions may have. */
  mode: PermissionMode,
  /** Its sessions work here or below; `null`: anywhere. */
  workingDir: z.string().nullable(),
})
export type Scope = z.infer<typeof Scope>

export interface Caller {
  /** The token, or the session whose agent it is; `null`: whoever owns the home. */
  readonly id: TokenId | SessionId | null
  readonly scope: Scope
}

export const OWNER: Caller = {
  id: null,
  scope: {
    sessions: "all",
    workflows: "all",
    runs: "all",
    readOnly: false,
    mode: "bypass",
    workingDir: null,
  },
}

/** A session's agent: its children and nothing else. What they may do is measured by the session itself, when one starts. */
export const parentOf = (sessionId: SessionId): Caller => ({
  id: sessionId,
  scope: { ...OWNER.scope, sessions: "own", workflows: [], runs: "own" },
})

/** What kind of tool it is decides who sees it. */
export interface Needs {
  readonly area: "sessions" | "workflows"
  readonly writes: boolean
}

export function mayUse({ scope }: Caller, { area, writes }: Needs): boolean {
  const some = area === "sessions" ? scope.sessions !== "none" : scope.workflows.length > 0
  return some && !(writes && scope.readOnly)
}

/** Whether it may touch a session that was started so. */
export const maySee = ({ id, scope }: Caller, startedBy: string | undefined): boolean =>
  scope.sessions === "all" || (scope.sessions === "own" && id !== null && startedBy === id)

export const maySeeWorkflow = ({ scope }: Caller, name: string): boolean =>
  scope.workflows === "all" || scope.workflows.includes(name)

/** Whether it may touch a run of that workflow that was started so. */
export const maySeeRun = (
  caller: Caller,
  { workflow, startedWith }: { readonly workflow: string; readonly startedWith?: string | undefined },
): boolean =>
  maySeeWorkflow(caller, workflow) &&
  (caller.scope.runs === "all" || (caller.id !== null && startedWith === caller.id))

const CAREFUL: readonly PermissionMode[] = ["read_only", "ask", "accept_edits", "bypass"]

const isMoreCareful = (mode: PermissionMode, than: PermissionMode): boolean =>
  CAREFUL.indexOf(mode) <= CAREFUL.indexOf(than)

/**
 * The mode that a session is to have: what was asked for, unless that is more than is allowed. `undefined`: what one
 * has that was told nothing, which is `ask`. Throws `mcp_forbidden`.
 */
export function allowedMode(
  most: PermissionMode,
  asked: PermissionMode | undefined,
): PermissionMode | undefined {
  if (asked === undefined) return isMoreCareful("ask", most) ? undefined : most
  if (isMoreCareful(asked, most)) return asked
  throw new Problem(
    "mcp_forbidden",
    `The mode ${asked} is more than you may give: ask for ${most}, or for a more careful one.`,
  )
}

/** What is written of whoever starts a run. */
export const tokenOf = ({ id }: Caller): TokenId | undefined => TokenId.safeParse(id).data
