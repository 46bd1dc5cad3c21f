import type { Failure } from "#streams/event"

/** The agent said why it could not go on, in words fit to show. */
export class AgentFailed extends Error {
  override readonly name = "AgentFailed"
  readonly failure: Failure
  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}
