import { request } from "node:http"
import { headers } from "./streams-process.ts"

/** A live reader of a stream, over server-sent events. */
export interface LiveReader extends Disposable {
  /** What it was sent, in order; of a binary stream its bytes. */
  readonly received: Buffer[]
  readonly bytes: number
  readonly ended: boolean
}

export function followStream(url: string, name: string, offset = "-1"): LiveReader {
  const reader = { received: [] as Buffer[], bytes: 0, ended: false }
  const end = () => {
    reader.ended = true
  }
  const call = request(`${url}/${name}?offset=${offset}&live=sse`, { headers, agent: false }, (response) => {
    let text = ""
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const events = text.split("\n\n")
      text = events.pop() ?? ""
      for (const event of events) {
        if (!event.startsWith("event: data\n")) continue
        const data = Buffer.from(event.slice(event.indexOf("data:") + 5), "base64")
        reader.bytes += data.length
        reader.received.push(data)
      }
    })
    response.once("close", end)
  })
  call.once("error", end)
  call.end()
  return Object.assign(reader, { [Symbol.dispose]: () => void call.destroy() })
}
