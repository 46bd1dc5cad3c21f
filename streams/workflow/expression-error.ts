/** What is wrong with an expression, in a sentence. `at` counts characters from its start. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError"
  readonly at: number
  /** Something that it names is not there. */
  readonly missing: boolean
  constructor(
    message: string,
    at = 0,
    { missing = false, ...options }: ErrorOptions & { readonly missing?: boolean } = {},
  ) {
    super(message, options)
    this.at = at
    this.missing = missing
  }
}
