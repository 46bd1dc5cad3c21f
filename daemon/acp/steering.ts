/**
 * A message into a running turn. The protocol has no word for it yet; Claude Code's and Codex's adapters, and our
 * own agents, share this one.
 */
import { type ClientContext, type InitializeResponse, RequestError } from "@agentclientprotocol/sdk"
import { z } from "zod"
import type { QueuedMessage } from "#streams/session"
import type { SteerOutcome } from "../agent-session.ts"
import { type PartsOptions, promptParts } from "./prompt-parts.ts"

export const STEERING = "_session/steering"
/** In the `_meta` of the answer to `initialize`. */
export const CAN_STEER = { steering: { supported: true } } as const

/** `injected`: the running turn has it. `promptRequired`: there is none, so it is still ours to say. */
const SteeringResponse = z.object({ outcome: z.string() })

const Meta = z.object({ steering: z.object({ supported: z.literal(true) }) })
export const canSteer = ({ _meta }: InitializeResponse): boolean => Meta.safeParse(_meta).success

export async function steer(
  context: ClientContext,
  {
    sessionId,
    message,
    signal,
    parts,
  }: {
    readonly sessionId: string
    readonly message: QueuedMessage
    readonly signal: AbortSignal
    readonly parts: PartsOptions
  },
): Promise<SteerOutcome> {
  try {
    const params = {
      sessionId,
      prompt: await promptParts(message, parts),
      _meta: { steering: { idleBehavior: "promptRequired" } },
    }
    const answer = await context.request(STEERING, params, { cancellationSignal: signal })
    return SteeringResponse.safeParse(answer).data?.outcome === "injected" ? "taken" : "too late"
  } catch (error) {
    // It said that it can and cannot, or it is gone: the message is in the queue all the same.
    return error instanceof RequestError && error.code === METHOD_NOT_FOUND ? "unable" : "too late"
  }
}

const METHOD_NOT_FOUND = -32601
