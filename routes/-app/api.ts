/**
 * The control plane as a browser calls it. Its procedures are those of the server's `agent` router, named here by
 * the plane's own types; every failure is a {@link Refusal}.
 */
import { createTRPCUntypedClient, httpLink } from "@trpc/client"
import type { ControlPlane } from "#src/plane"
import type { SessionId } from "#streams/ids"
import { refusalOf } from "./refusal.ts"

type Answer<Method extends keyof ControlPlane> = ControlPlane[Method] extends (
  ...input: never[]
) => Promise<infer Output>
  ? Promise<Output>
  : never
type Input<Method extends "spawn" | "sendMessage" | "approve" | "getSession"> = Parameters<
  ControlPlane[Method]
>[0]

export interface AgentApi {
  spawn(request: Input<"spawn">): Answer<"spawn">
  sendMessage(request: Input<"sendMessage">): Answer<"sendMessage">
  cancel(sessionId: SessionId): Answer<"cancel">
  approve(request: Input<"approve">): Answer<"approve">
  resume(sessionId: SessionId): Answer<"resume">
  getSession(request: Input<"getSession">): Answer<"getSession">
  agentTypes(): Answer<"agentTypes">
}

export function openApi(origin: string): AgentApi {
  const client = createTRPCUntypedClient({ links: [httpLink({ url: `${origin}/trpc` })] })
  const query = (name: string, input?: unknown) => client.query(`agent.${name}`, input).catch(refuse)
  const mutate = (name: string, input: unknown) => client.mutation(`agent.${name}`, input).catch(refuse)
  return {
    spawn: (request) => mutate("spawn", request) as Answer<"spawn">,
    sendMessage: (request) => mutate("sendMessage", request) as Answer<"sendMessage">,
    cancel: (sessionId) => mutate("cancel", { sessionId }) as Answer<"cancel">,
    approve: (request) => mutate("approve", request) as Answer<"approve">,
    resume: (sessionId) => mutate("resume", { sessionId }) as Answer<"resume">,
    getSession: (request) => query("getSession", request) as Answer<"getSession">,
    agentTypes: () => query("agentTypes") as Answer<"agentTypes">,
  }
}

const refuse = (error: unknown): never => {
  throw refusalOf(error)
}
