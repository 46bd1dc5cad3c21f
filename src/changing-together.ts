/**
 * Changes that are asked for in the same turn of the loop, or while a request is under way, go to our own stream server in
 * one request, and become durable together: `POST /v1/changes` (docs/streams-engine.md). A server that does not know it is
 * asked for each of them.
 */
import { setImmediate } from "node:timers/promises"
import { z } from "zod"
import { type Changed, type ChangeStreams, changingOneByOne, type StreamChange } from "#streams/changes"
import { type FindEndpoint, type Patience, problemOf, request, StreamError } from "#streams/transport"

/** Of one request, and of what it appends. A single caller's changes are not divided. */
const MOST_CHANGES = 500
const MOST_BYTES = 1024 * 1024

interface Asked {
  readonly changes: readonly StreamChange[]
  readonly bytes: number
  readonly resolve: (changed: readonly Changed[]) => void
  readonly reject: (error: unknown) => void
}

const Told = z.array(
  z.object({
    status: z.number(),
    offset: z.string().optional(),
    message: z.string().optional(),
  }),
)
type Told = z.infer<typeof Told>[number]

export function changingTogether(endpoint: FindEndpoint, patience: Patience = {}): ChangeStreams {
  const each = changingOneByOne(endpoint, patience)
  const root = () => ({ ...endpoint(), url: new URL("..", `${endpoint().url.replace(/\/$/, "")}/`).href })
  let waiting: Asked[] = []
  let isSending = false
  let isKnown = true

  async function sendAll(): Promise<void> {
    do {
      // Whoever asks in this turn of the loop goes along.
      await setImmediate()
      await send(take())
    } while (waiting.length > 0)
    isSending = false
  }

  function take(): readonly Asked[] {
    let [changes, bytes, count] = [0, 0, 0]
    for (const asked of waiting) {
      changes += asked.changes.length
      bytes += asked.bytes
      if (count > 0 && (changes > MOST_CHANGES || bytes > MOST_BYTES)) break
      count += 1
    }
    const taken = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return taken
  }

  async function send(taken: readonly Asked[]): Promise<void> {
    try {
      const told = Told.parse(JSON.parse((await ask(taken)).text))
      let from = 0
      for (const { changes, resolve, reject } of taken) {
        const own = told.slice(from, from + changes.length)
        from += changes.length
        const refused = own.find(({ status }) => status >= 400)
        if (refused) reject(refusalOf(refused))
        else resolve(own.map(changedOf))
      }
    } catch (error) {
      if (error instanceof StreamError && error.code === "stream_missing") {
        // A server of an older release that lived through our upgrade.
        isKnown = false
        for (const { changes, resolve, reject } of taken) each(changes).then(resolve, reject)
      } else for (const { reject } of taken) reject(error)
    }
  }

  const ask = (taken: readonly Asked[]) =>
    request(root, "changes", { method: "POST", body: bodyOf(taken), headers: TYPE }, patience)

  return (changes) => {
    if (!isKnown || changes.length === 0) return each(changes)
    const bytes = changes.reduce((sum, { body }) => sum + body.length, 0)
    return new Promise((resolve, reject) => {
      waiting.push({ changes, bytes, resolve, reject })
      if (isSending) return
      isSending = true
      void sendAll()
    })
  }
}

const TYPE = { "content-type": "application/json" }

function bodyOf(taken: readonly Asked[]): string {
  const all = taken.flatMap(({ changes }) => changes.map((change, n) => ({ ...change, after: n > 0 })))
  const list = all.map(({ name, body, create, streamSeq, after }) => ({
    name,
    length: Buffer.byteLength(body),
    ...(create && { create }),
    ...(streamSeq !== undefined && { seq: streamSeq }),
    ...(after && { after }),
  }))
  return `${JSON.stringify(list)}\n${all.map(({ body }) => body).join("")}`
}

const changedOf = ({ status, offset = "" }: Told): Changed => ({ offset, created: status === 201 })

const refusalOf = ({ status, message = "" }: Told): StreamError =>
  problemOf(status, { get: () => null, has: () => false }, message)
