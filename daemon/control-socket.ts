/**
 * The daemon's control socket: holding it keeps a second daemon of the same epoch out; answering on it proves that
 * the daemon's event loop still turns. It takes no orders and tells only who it is, whether what it says reaches the
 * stream, and what it measured. On Linux any user of the machine can ask, so nothing that a session says is told here.
 */
import { connect, createServer } from "node:net"
import { z } from "zod"
import { Point } from "./telemetry/measures.ts"

const Answer = z.object({
  sessionId: z.string(),
  epoch: z.number(),
  pid: z.number(),
  /** `behind`: the stream server takes nothing, or not fast enough; so much waits in the spool. */
  storage: z
    .object({ behind: z.boolean(), reason: z.string(), events: z.number(), bytes: z.number() })
    .optional(),
  measured: z.array(Point).optional(),
})
export type ControlAnswer = z.infer<typeof Answer>

/** Throws when another process holds the address. */
export async function holdControlSocket(
  address: string,
  answer: () => ControlAnswer,
): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy())
    // What was written arrives also at one who never hangs up; nobody keeps a connection here.
    socket.end(`${JSON.stringify(answer())}\n`, () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(address, resolve)
  })
  server.unref()
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

const ANSWER_LIMIT = 64 * 1024

/** Who answers there within `withinMs`; `null` when nobody does. */
export function askControlSocket(address: string, withinMs: number): Promise<ControlAnswer | null> {
  return new Promise((resolve) => {
    const socket = connect(address)
    let text = ""
    const done = (answer: ControlAnswer | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => done(null), withinMs)
    socket.setEncoding("utf8")
    socket.on("data", (chunk) => {
      text += chunk
      if (text.length > ANSWER_LIMIT) done(null)
    })
    socket.on("error", () => done(null))
    socket.on("end", () => done(parsed(text)))
  })
}

function parsed(text: string): ControlAnswer | null {
  try {
    return Answer.parse(JSON.parse(text))
  } catch {
    return null
  }
}
