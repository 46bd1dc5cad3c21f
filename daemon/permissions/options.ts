/** What an agent offers as answers, and how ours are told in its words. Pure. */
import type { PermissionOption, RequestPermissionResponse } from "@agentclientprotocol/sdk"
import type { Decision } from "#streams/event"

type Options = readonly PermissionOption[]

/** Refusals that end the turn rather than let the agent go on: Codex has no other. */
const ENDS_TURN = /^(cancel|cancelled|abort)$/i

const isAllow = ({ kind }: PermissionOption) => kind === "allow_once" || kind === "allow_always"
const isReject = ({ kind }: PermissionOption) => kind === "reject_once" || kind === "reject_always"

/** What may be answered. "Always" is our own rule, so it needs no option of the agent for it. */
export const decisionsOf = (options: Options): Decision[] =>
  options.some(({ kind }) => kind === "allow_once")
    ? ["allow", "allow_always", "deny"]
    : options.some(isAllow)
      ? ["allow_always", "deny"]
      : ["deny"]

export function denyEndsTurn(options: Options): boolean {
  const rejections = options.filter(isReject)
  return rejections.every(({ optionId }) => ENDS_TURN.test(optionId))
}

/** The agent's own options where there are more of them than yes, always and no. */
export function ownOptions(options: Options) {
  const kinds = new Set(options.map(({ kind }) => kind))
  if (kinds.size === options.length) return null
  return options.map((option) => ({
    optionId: option.optionId,
    name: option.name,
    decision: isAllow(option) ? ("allow" as const) : ("deny" as const),
  }))
}

/**
 * Our answer as the agent must hear it. What is allowed always is allowed once each time: an agent's own "always"
 * may reach further than our rule, and nobody could take it back. An agent that offers no refusal is told
 * "cancelled", which every agent understands.
 */
export function responseOf(
  decision: Decision | "cancelled",
  options: Options,
  { optionId, note }: { readonly optionId?: string | undefined; readonly note?: string | undefined } = {},
): RequestPermissionResponse {
  const fits = decision === "deny" ? isReject : isAllow
  const chosen =
    decision === "cancelled"
      ? undefined
      : (options.find((option) => option.optionId === optionId && fits(option)) ??
        options.find(({ kind }) => kind === (decision === "deny" ? "reject_once" : "allow_once")) ??
        options.find((option) => fits(option) && decision !== "allow"))
  return {
    outcome: chosen ? { outcome: "selected", optionId: chosen.optionId } : { outcome: "cancelled" },
    ...(note !== undefined && decision === "deny" && { _meta: { [NOTE]: note } }),
  }
}

/** In the `_meta` of an answer: what the person said along with the refusal. */
export const NOTE = "agentz/note"
/** In the `_meta` of a question: the agent reads {@link NOTE}. */
export const TAKES_NOTE = "agentz/takes_note"
