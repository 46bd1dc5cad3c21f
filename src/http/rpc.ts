/** tRPC behind the door: the body is read and bounded here, before anything parses it. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { nodeHTTPRequestHandler } from "@trpc/server/adapters/node-http"
import { errorFields, type Log } from "../log.ts"
import type { ControlPlane } from "../plane.ts"
import { promptTooLarge } from "../prompt.ts"
import { appRouter } from "../router.ts"
import { type Refusal, refuse } from "./answer.ts"
import { readBody, tooLarge } from "./body.ts"
import type { Target } from "./door.ts"

/** How many calls one request may bundle. */
const BATCH_LIMIT = 10

export function rpc({ plane, log }: { plane: ControlPlane; log: Log }) {
  return async (request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> => {
    const path = target.path.slice("/trpc/".length)
    response.setHeader("cache-control", "no-store")
    if (path.split(",").length > BATCH_LIMIT) {
      refuse(response, BATCH_TOO_LARGE)
      return
    }
    if (request.method === "POST") {
      const body = await readBody(request)
      if (body === null) {
        response.destroy()
        return
      }
      if (typeof body !== "string") {
        refuse(response, tooLargeFor(path, body.size))
        return
      }
      Object.assign(request, { body })
    }
    await nodeHTTPRequestHandler({
      router: appRouter,
      req: request,
      res: response,
      path,
      maxBatchSize: BATCH_LIMIT,
      createContext: () => Promise.resolve({ plane }),
      onError: ({ error, path: procedure }) => {
        if (error.code !== "INTERNAL_SERVER_ERROR" || response.destroyed) return
        log({ level: "error", event: "call_failed", procedure, ...errorFields(error.cause ?? error, true) })
      },
    })
  }
}

const BATCH_TOO_LARGE: Refusal = {
  status: 400,
  reason: "batch_too_large",
  message: `One request may hold ${BATCH_LIMIT} calls: send the rest in another.`,
}

function tooLargeFor(path: string, size: number): Refusal {
  if (!/\bagent\.(spawn|sendMessage)\b/.test(path)) return tooLarge(size)
  const { reason, message } = promptTooLarge(size)
  return { status: 413, reason, message }
}
