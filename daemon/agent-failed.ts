import { Failed } from "./failed.ts"

/** The agent said why it could not go on, in words fit to show. */
export class AgentFailed extends Failed {
  override readonly name = "AgentFailed"
}
