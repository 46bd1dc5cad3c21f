/** A refusal of the subscription interface; the codes are the protocol's. */
export class SubscriptionError extends Error {
  readonly code: SubscriptionErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: SubscriptionErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = "SubscriptionError"
    this.code = code
    this.details = details
  }
}

export type SubscriptionErrorCode = keyof typeof SUBSCRIPTION_STATUS

export const SUBSCRIPTION_STATUS = {
  INVALID_REQUEST: 400,
  SUBSCRIPTION_NOT_FOUND: 404,
  SUBSCRIPTION_ALREADY_EXISTS: 409,
  WEBHOOK_URL_REJECTED: 400,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  FENCED: 409,
  ALREADY_CLAIMED: 409,
  NO_PENDING_WORK: 409,
  INVALID_OFFSET: 409,
} as const
