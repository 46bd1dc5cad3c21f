/** The control plane as a browser calls it, typed by its router. Every failure is a {@link Refusal}. */
import { createTRPCClient, httpLink } from "@trpc/client"
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server"
import type { AppRouter } from "#src/router"
import type { Item, Session } from "#streams/session"
import { refusalOf } from "./refusal.ts"

type Inputs = inferRouterInputs<AppRouter>["agent"]
type Outputs = inferRouterOutputs<AppRouter>["agent"]
export type AgentTypeInfo = Outputs["agentTypes"][number]

/** A session with its newest items. JSON cannot say `undefined`, so the wire's type makes `unknown` fields optional. */
type SessionView = Omit<Outputs["getSession"], "session" | "items"> & {
  readonly session: Omit<Session, "items"> & { readonly title: string }
  readonly items: readonly Item[]
}

export type RuleInfo = Outputs["rules"]["rules"][number]
export type SearchHit = Outputs["search"]["hits"][number]
export type SpawnInput = Inputs["spawn"]
export type FilesDiff = Outputs["diff"]
export type MergePreview = Outputs["mergePreview"]
export type RestorePreview = Outputs["restore"]
export type Answer = Omit<Inputs["approve"], "sessionId" | "requestId">

type Procedure =
  | "spawn"
  | "sendMessage"
  | "cancel"
  | "approve"
  | "resume"
  | "revokeRule"
  | "setMode"
  | "setConfigOption"
  | "setLimits"
  | "rename"
  | "archive"
  | "unarchive"
  | "withdraw"
  | "attach"
  | "diff"
  | "checkpoint"
  | "restore"
  | "fork"
  | "commit"
  | "mergePreview"
  | "merge"
  | "patch"
  | "push"
  | "pullRequest"
export type AgentApi = {
  readonly [Name in Procedure]: (input: Inputs[Name]) => Promise<Outputs[Name]>
} & {
  getSession(input: Inputs["getSession"]): Promise<SessionView>
  agentTypes(): Promise<Outputs["agentTypes"]>
  rules(): Promise<Outputs["rules"]>
  search(input: Inputs["search"], signal: AbortSignal): Promise<Outputs["search"]>
  files(input: Inputs["files"], signal: AbortSignal): Promise<Outputs["files"]>
}

/** `leaving`: the page is about to go away, and what it asks is to arrive all the same. */
export function openApi(origin: string, { leaving = false } = {}): AgentApi {
  const link = httpLink({
    url: `${origin}/trpc`,
    ...(leaving && {
      fetch: (url, init) => fetch(url as string, { ...init, keepalive: true } as RequestInit),
    }),
  })
  const { agent } = createTRPCClient<AppRouter>({ links: [link] })
  return {
    spawn: (input) => agent.spawn.mutate(input).catch(refuse),
    sendMessage: (input) => agent.sendMessage.mutate(input).catch(refuse),
    cancel: (input) => agent.cancel.mutate(input).catch(refuse),
    approve: (input) => agent.approve.mutate(input).catch(refuse),
    resume: (input) => agent.resume.mutate(input).catch(refuse),
    revokeRule: (input) => agent.revokeRule.mutate(input).catch(refuse),
    setMode: (input) => agent.setMode.mutate(input).catch(refuse),
    setConfigOption: (input) => agent.setConfigOption.mutate(input).catch(refuse),
    setLimits: (input) => agent.setLimits.mutate(input).catch(refuse),
    rename: (input) => agent.rename.mutate(input).catch(refuse),
    archive: (input) => agent.archive.mutate(input).catch(refuse),
    unarchive: (input) => agent.unarchive.mutate(input).catch(refuse),
    withdraw: (input) => agent.withdraw.mutate(input).catch(refuse),
    attach: (input) => agent.attach.mutate(input).catch(refuse),
    diff: (input) => agent.diff.query(input).catch(refuse),
    checkpoint: (input) => agent.checkpoint.mutate(input).catch(refuse),
    fork: (input) => agent.fork.mutate(input).catch(refuse),
    commit: (input) => agent.commit.mutate(input).catch(refuse),
    mergePreview: (input) => agent.mergePreview.query(input).catch(refuse),
    merge: (input) => agent.merge.mutate(input).catch(refuse),
    push: (input) => agent.push.mutate(input).catch(refuse),
    pullRequest: (input) => agent.pullRequest.mutate(input).catch(refuse),
    patch: (input) => agent.patch.query(input).catch(refuse),
    restore: (input) => agent.restore.mutate(input).catch(refuse),
    getSession: (input) => agent.getSession.query(input).catch(refuse) as Promise<SessionView>,
    agentTypes: () => agent.agentTypes.query().catch(refuse),
    rules: () => agent.rules.query().catch(refuse),
    search: (input, signal) => agent.search.query(input, { signal }).catch(refuse),
    files: (input, signal) => agent.files.query(input, { signal }).catch(refuse),
  }
}

const refuse = (error: unknown): never => {
  throw refusalOf(error)
}
