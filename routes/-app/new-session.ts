/** What the form for a new session says: as a request, as an address, and which field a refusal is about. */
import type { PermissionMode } from "#streams/event"
import { readServers } from "#streams/mcp-json"
import type { SpawnInput } from "./api.ts"
import type { Attached } from "./attach.ts"
import { Refusal } from "./refusal.ts"

/** What an address may say: nothing that may be secret. */
export interface NewSessionAddress {
  readonly prompt?: string
  readonly dir?: string
  readonly agent?: string
  readonly model?: string
  readonly mode?: PermissionMode
  /** As `agentz run --limit` takes them. */
  readonly limits?: string
  /** In a work tree of its own. */
  readonly worktree?: boolean
  readonly branch?: string
}

export interface NewSession extends Required<NewSessionAddress> {
  /** JSON, as `agentz run --mcp` takes it. */
  readonly mcp: string
  readonly attached: readonly Attached[]
}

export type FieldName = "prompt" | "dir" | "branch" | "agent" | "limits" | "mcp"

const FIELD_OF: Readonly<Record<string, FieldName>> = {
  empty_prompt: "prompt",
  prompt_too_large: "prompt",
  unknown_upload: "prompt",
  working_dir_missing: "dir",
  working_dir_not_a_directory: "dir",
  working_dir_not_accessible: "dir",
  working_dir_not_absolute: "dir",
  no_repository: "dir",
  no_commit_yet: "dir",
  branch_refused: "branch",
  branch_in_use: "branch",
  unknown_agent: "agent",
  agent_not_ready: "agent",
  mcp_not_taken: "mcp",
}

/** What is wrong with a field before the server was asked. */
class WrongField extends Refusal {
  readonly field: FieldName
  constructor(field: FieldName, message: string) {
    super("refused", message)
    this.field = field
  }
}

/** Which field a refusal is about, so that it is said there. */
export function fieldOf(refusal: Refusal): FieldName | undefined {
  if (refusal instanceof WrongField) return refusal.field
  const { reason, message } = refusal
  if (reason === "invalid_input" && message.includes("mcpServers")) return "mcp"
  return reason === null ? undefined : FIELD_OF[reason]
}

/** Throws a {@link Refusal} where a field cannot be read. */
export async function requestOf(form: NewSession): Promise<Omit<SpawnInput, "idempotencyKey">> {
  const { agent, prompt, mode, attached, worktree } = form
  const branch = form.branch.trim()
  const [dir, model, limits, mcp] = [form.dir, form.model, form.limits, form.mcp].map((text) => text.trim())
  return {
    agentType: agent,
    prompt,
    permissionMode: mode,
    ...(dir && { workingDir: dir }),
    ...(worktree && { workspace: { kind: "worktree" as const, ...(branch && { branch }) } }),
    ...(model && { model }),
    ...(limits && { limits: await limitsIn(limits) }),
    ...(mcp && { mcpServers: serversIn(mcp) }),
    ...(attached.length > 0 && { attachments: [...attached] }),
  }
}

/** What reads them is large and seldom needed. */
async function limitsIn(text: string): Promise<SpawnInput["limits"]> {
  const { readLimits } = await import("#streams/session-limits")
  const read = readLimits(text)
  if ("wrong" in read) throw new WrongField("limits", `${upper(read.wrong)}.`)
  return read.change
}

/** The control plane judges what is in them. */
function serversIn(text: string): SpawnInput["mcpServers"] {
  const read = readServers(text)
  if ("wrong" in read) throw new WrongField("mcp", `These are no MCP servers: ${read.wrong}.`)
  return [...read.servers] as SpawnInput["mcpServers"]
}

const upper = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1)

/** The form as an address, to be kept as a bookmark or handed on. MCP servers may hold secrets and are left out. */
export function addressOf(form: NewSession, origin: string): string {
  const { prompt, dir, agent, model, mode, limits, worktree } = form
  const branch = worktree ? form.branch : ""
  const address = new URL("/new", origin)
  for (const [name, value] of Object.entries({ dir, branch, agent, model, limits, prompt }))
    if (value.trim()) address.searchParams.set(name, value.trim())
  if (worktree) address.searchParams.set("worktree", "true")
  if (mode !== "ask") address.searchParams.set("mode", mode)
  return address.href
}
