/** How the router speaks of errors: a tRPC code, a stable `data.reason`, and a sentence that names the remedy. */
import { initTRPC, TRPCError } from "@trpc/server"
import { z } from "zod"
import { inputSentence } from "./input-sentence.ts"
import type { ControlPlane } from "./plane.ts"
import { PROBLEMS, Problem } from "./problem.ts"

export interface Context {
  readonly plane: ControlPlane
}

type Code = TRPCError["code"]

/** Reasons of refusals that the plane never hears of. */
const REASONS: Partial<Record<Code, string>> = {
  BAD_REQUEST: "bad_request",
  PARSE_ERROR: "bad_request",
  NOT_FOUND: "unknown_procedure",
  METHOD_NOT_SUPPORTED: "method_not_allowed",
  UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
  PAYLOAD_TOO_LARGE: "request_too_large",
  CLIENT_CLOSED_REQUEST: "client_closed_request",
}

const trpc = initTRPC.context<Context>().create({
  // A stack trace tells strangers about the machine.
  isDev: false,
  allowOutsideOfServer: true,
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
  errorFormatter: ({ shape, error }) => ({
    ...shape,
    message: messageOf(error, shape.message),
    data: { ...shape.data, reason: reasonOf(error) },
  }),
})

function reasonOf(error: TRPCError): string {
  if (error.cause instanceof Problem) return error.cause.reason
  if (error.cause instanceof z.ZodError) return "invalid_input"
  return REASONS[error.code] ?? "internal_error"
}

function messageOf(error: TRPCError, message: string): string {
  if (error.cause instanceof Problem) return error.cause.message
  if (error.cause instanceof z.ZodError) return inputSentence(error.cause)
  if (reasonOf(error) === "internal_error")
    return "Something broke inside agentz. Nothing was lost; its log tells more."
  return message
}

/** The error as tRPC should answer it: a {@link Problem} gets the code of its slug. */
export const translated = (error: unknown): unknown =>
  error instanceof Problem
    ? new TRPCError({ code: PROBLEMS[error.reason], message: error.message, cause: error })
    : error

export const router = trpc.router
export const procedure = trpc.procedure.use(async ({ next }) => {
  const result = await next()
  if (!result.ok && result.error.cause instanceof Problem) throw translated(result.error.cause)
  return result
})
