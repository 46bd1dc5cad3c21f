/** `POST /v1/hooks/ID`: whoever knows the secret of a webhook starts a run, and may do nothing else. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { WebhookId } from "#streams/ids"
import type { ControlPlane } from "../plane.ts"
import { PROBLEMS, Problem } from "../problem.ts"
import { MOST_BODY_BYTES } from "../workflows/webhooks.ts"
import { type Refusal, refuse, sendJson } from "./answer.ts"
import { readBody } from "./body.ts"
import type { Target } from "./door.ts"

const PREFIX = "/v1/hooks/"
/** By these a sender says that it sends the same again. */
const DELIVERY = ["idempotency-key", "x-github-delivery", "webhook-id"] as const

export function hooks(plane: Pick<ControlPlane, "workflows">) {
  return async (request: IncomingMessage, response: ServerResponse, { path }: Target): Promise<void> => {
    const webhookId = WebhookId.safeParse(path.slice(PREFIX.length))
    const secret = /^Bearer ([\x21-\x7e]{1,200})$/.exec(request.headers.authorization ?? "")?.[1] ?? ""
    const body = await readBody(request)
    if (body === null) {
      response.destroy()
      return
    }
    if (typeof body !== "string" || Buffer.byteLength(body) > MOST_BODY_BYTES) {
      refuse(response, TOO_LARGE)
      return
    }
    const delivery = DELIVERY.map((name) => request.headers[name]).find((value) => typeof value === "string")
    try {
      const started = webhookId.success
        ? await plane.workflows.deliver({
            webhookId: webhookId.data,
            secret,
            body,
            delivery: typeof delivery === "string" ? delivery.slice(0, 200) : undefined,
          })
        : null
      if (started === null) refuse(response, NOT_KNOWN)
      else sendJson(response, 202, started)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refuse(response, { status: STATUS[PROBLEMS[error.reason]] ?? 400, ...told(error) })
    }
  }
}

const STATUS: Readonly<Record<string, number>> = { NOT_FOUND: 404, SERVICE_UNAVAILABLE: 503, CONFLICT: 409 }

const told = ({ reason, message }: Problem) => ({ reason, message })

/** The same for a wrong id and a wrong secret: neither tells of the other. */
const NOT_KNOWN: Refusal = {
  status: 401,
  reason: "unknown_hook",
  message: "No webhook of that address has that secret: send it as `Authorization: Bearer …`.",
}
const TOO_LARGE: Refusal = {
  status: 413,
  reason: "request_too_large",
  message: `A webhook takes ${MOST_BODY_BYTES} bytes: send less.`,
}
