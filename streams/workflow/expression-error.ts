/** What is wrong with an expression, in a sentence. `at` counts characters from its start. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError"
  readonly at: number
  constructor(message: string, at = 0, options?: ErrorOptions) {
    super(message, options)
    this.at = at
  }
}
