/**
 * The daemon's control socket: holding it keeps a second daemon of the same epoch out; answering on it proves that
 * the daemon's event loop still turns. It takes no orders and tells only who it is and whether what it says reaches
 * the stream.
 */
import { connect, createServer } from "node:net"
import { z } from "zod"

const Answer = z.object({
  sessionId: z.string(),
  epoch: z.number(),
  pid: z.number(),
  /** `behind`: the stream server takes nothing, or not fast enough; so much waits in the spool. */
  storage: z
    .object({ behind: z.boolean(), reason: z.string(), events: z.number(), bytes: z.number() })
    .optional(),
})
export type ControlAnswer = z.infer<typeof Answer>

/** Throws when another process holds the address. */
export async function holdControlSocket(
  address: string,
  answer: () => ControlAnswer,
): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy())
    socket.end(`${JSON.stringify(answer())}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(address, resolve)
  })
  server.unref()
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

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
      if (text.length > 4096) done(null)
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
