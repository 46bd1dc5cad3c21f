import type { IncomingMessage, ServerResponse } from "node:http"
import { z } from "zod"
import { appendTo } from "../append.ts"
import { createStream } from "../create.ts"
import type { Draft } from "../draft.ts"
import type { Engine } from "../engine.ts"
import { formatOffset } from "../offset.ts"
import type { Operation } from "../operation.ts"
import { isReserved, STREAMS_ROOT } from "../paths.ts"
import { Refusal } from "../refusal.ts"
import { send, toldOf } from "./answer.ts"
import type { AppendContext } from "./append-call.ts"
import { checkPath, SEQ_BYTES } from "./fields.ts"
import { type BodyTaker, collectBody } from "./request-body.ts"

/**
 * `POST /v1/changes`, an extension of the protocol: creates and appends to many JSON streams in one transaction. The body
 * is a line of JSON that lists the changes, and behind it what each of them appends. Each is judged by itself, in order,
 * as its own request would be; one that comes `after` another is not done where that one was refused.
 */
export function postChanges(
  context: AppendContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  collectBody(request, response, context.requestBytes, new ChangesCall(context, request, response))
}

const MOST_CHANGES = 1000
const LINE_FEED = 0x0a
const TYPE = "application/json"

const Listed = z.array(
  z.object({
    name: z.string(),
    /** Bytes behind the list. */
    length: z.int().positive(),
    create: z.boolean().optional(),
    seq: z.string().max(SEQ_BYTES).optional(),
    after: z.boolean().optional(),
  }),
)

interface Change extends Omit<z.infer<typeof Listed>[number], "name" | "length"> {
  readonly path: string
  readonly body: Buffer
}

/** What came of one change, as the answer tells it. */
interface Told {
  readonly status: number
  readonly offset?: string
  readonly code?: string
  readonly message?: string
}

class ChangesCall implements Operation, BodyTaker {
  readonly frees = false
  weight = 0
  readonly #context: AppendContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #changes: readonly Change[] = []
  #told: readonly Told[] = []

  constructor(context: AppendContext, request: IncomingMessage, response: ServerResponse) {
    this.#context = context
    this.#request = request
    this.#response = response
  }

  take(body: Buffer): void {
    try {
      this.#changes = changesIn(body, this.#context.engine)
      this.weight = body.length
      this.#context.engine.submit(this)
    } catch (error) {
      this.reject(error)
    }
  }

  run(draft: Draft): void {
    const told: Told[] = []
    for (const change of this.#changes) {
      const before = told.at(-1)
      const isLeft = change.after === true && before !== undefined && before.status >= 400
      told.push(isLeft ? refused(notDone()) : outcomeOf(draft, change))
    }
    this.#told = told
  }

  settle(): void {
    this.#context.engine.metrics.count("appends", this.#told.filter(({ status }) => status < 400).length)
    send(this.#response, 200, { "content-type": TYPE }, JSON.stringify(this.#told))
  }

  reject(error: unknown): void {
    this.#context.failed(this.#request, this.#response, error)
  }
}

function outcomeOf(draft: Draft, { path, body, create = false, seq }: Change): Told {
  try {
    if (create) {
      const { meta, fresh } = createStream(draft, { path, body, contentType: TYPE, ...PLAIN })
      return { status: fresh ? 201 : 200, offset: formatOffset(meta.next) }
    }
    const { next } = appendTo(draft, {
      path,
      body,
      contentType: TYPE,
      close: false,
      seq,
      producer: undefined,
    })
    return { status: 204, offset: formatOffset(next) }
  } catch (error) {
    return refused(error)
  }
}

const notDone = () => new Refusal("not_done", "The change before it was refused, so it was not done.")

function refused(error: unknown): Told {
  const { status, code, message, headers } = toldOf(error)
  const offset = headers["stream-next-offset"]
  return { status, code, message, ...(offset !== undefined && { offset }) }
}

const PLAIN = { ttlSeconds: undefined, expiresAt: undefined, closed: false, fork: undefined }

/** Throws a `Refusal` unless the list and what is behind it fit each other, and every name is one. */
function changesIn(body: Buffer, { catalog }: Engine): readonly Change[] {
  const end = body.indexOf(LINE_FEED)
  const listed = Listed.safeParse(parsed(body.subarray(0, Math.max(0, end)).toString()))
  if (!listed.success || listed.data.length === 0)
    throw new Refusal("bad_request", "The body begins with a line of JSON: a list of changes.")
  if (listed.data.length > MOST_CHANGES)
    throw new Refusal("bad_request", `A request may have ${MOST_CHANGES} changes. Send several requests.`)
  let at = end + 1
  const changes = listed.data.map(({ name, length, ...rest }) => {
    const path = STREAMS_ROOT + name
    if (!catalog.byPath.has(path)) checkPath(path)
    if (isReserved(path)) throw new Refusal("name_invalid", "That part of the names is the protocol's own.")
    at += length
    return { ...rest, path, body: body.subarray(at - length, at) }
  })
  if (at !== body.length)
    throw new Refusal("bad_request", "The lengths of the changes do not add up to what is behind the list.")
  return changes
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
