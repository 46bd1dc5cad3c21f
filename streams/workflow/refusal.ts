/** Commands that cannot be done as a run stands. */
import type { Failure } from "../event.ts"

export interface Refusal {
  readonly refused: Failure
}

export const refuse = (code: string, message: string, hint: string): Refusal => ({
  refused: { code, message, hint },
})

export const isRefusal = (answer: object): answer is Refusal => "refused" in answer
