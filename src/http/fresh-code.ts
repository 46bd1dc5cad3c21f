import { request } from "node:http"
import { z } from "zod"
import { callable } from "../port-holder.ts"

const Answer = z.object({ code: z.string() })

/**
 * Asks the agentz that listens there for a sign-in code. `null` when it does not take our token: it serves another
 * home.
 */
export const freshCode = (host: string, port: number, token: string): Promise<string | null> =>
  new Promise((resolve) => {
    const call = request(
      {
        host: callable(host),
        port,
        method: "POST",
        path: "/api/code",
        headers: { authorization: `Bearer ${token}`, "content-length": 0 },
        agent: false,
        signal: AbortSignal.timeout(2000),
      },
      async (answer) => {
        try {
          const chunks: Buffer[] = []
          for await (const chunk of answer) chunks.push(Buffer.from(chunk as Buffer))
          resolve(Answer.safeParse(JSON.parse(Buffer.concat(chunks).toString("utf8"))).data?.code ?? null)
        } catch {
          resolve(null)
        }
      },
    )
    call.once("error", () => resolve(null))
    call.end()
  })
