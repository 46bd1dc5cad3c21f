import type { Failure } from "#streams/event"

/** Something did not go well, and why is fit to be shown as it is. */
export class Failed extends Error {
  override readonly name: string = "Failed"
  readonly failure: Failure
  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}
