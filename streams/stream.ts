/** The base protocol's plain verbs on JSON streams: create, append, read to the tail, ask for the tail. */
import { type FindEndpoint, type Patience, request, StreamError } from "./transport.ts"

const JSON_TYPE = { "content-type": "application/json" }

/** Creates the stream, with what `body` lists in it; one that exists already is left as it is. `offset` is its tail. */
export async function createStream(
  endpoint: FindEndpoint,
  name: string,
  {
    type = JSON_TYPE["content-type"],
    body,
    ...patience
  }: Patience & { readonly type?: string; readonly body?: string } = {},
): Promise<{ readonly created: boolean; readonly offset: string }> {
  const attempt = {
    method: "PUT",
    headers: { "content-type": type },
    ...(body !== undefined && { body }),
  } as const
  const { status, headers } = await request(endpoint, name, attempt, patience)
  return { created: status === 201, offset: headers.get("stream-next-offset") ?? START }
}

/**
 * Appends without a producer: at least once, so only for what its readers recognise as a repeat. With `streamSeq`
 * the append succeeds only when no equal or higher one did: throws `conflict` otherwise. `offset` is behind it.
 */
export const appendTo = (
  endpoint: FindEndpoint,
  name: string,
  events: readonly unknown[],
  options: Patience & { readonly streamSeq?: string | undefined } = {},
): Promise<{ readonly offset: string }> =>
  appendBody(endpoint, name, { ...options, body: JSON.stringify(events) })

/** The same, of events that are text already: a JSON list. */
export async function appendBody(
  endpoint: FindEndpoint,
  name: string,
  {
    body,
    streamSeq,
    ...patience
  }: Patience & { readonly body: string; readonly streamSeq?: string | undefined },
): Promise<{ readonly offset: string }> {
  const attempt = {
    method: "POST",
    headers: streamSeq === undefined ? JSON_TYPE : { ...JSON_TYPE, "stream-seq": streamSeq },
    body,
  } as const
  const { headers } = await request(endpoint, name, attempt, patience)
  return { offset: headers.get("stream-next-offset") ?? START }
}

/** Appends as a producer: exactly once while every batch is sent with the next `seq` and repeated with the same. */
export async function appendAs(
  producer: { readonly id: string; readonly epoch: number; readonly seq: number },
  endpoint: FindEndpoint,
  name: string,
  { body, ...patience }: Patience & { readonly body: string },
): Promise<void> {
  const headers = { ...JSON_TYPE, ...producerHeaders(producer) }
  await request(endpoint, name, { method: "POST", headers, body }, patience)
}

const producerHeaders = ({ id, epoch, seq }: Parameters<typeof appendAs>[0]) => ({
  "producer-id": id,
  "producer-epoch": String(epoch),
  "producer-seq": String(seq),
})

export const START = "-1"

export interface Batch {
  readonly items: readonly unknown[]
  /** Where to read on. */
  readonly offset: string
  readonly upToDate: boolean
}

/** Reads from `offset` to the tail as it is now, window by window. Throws `stream_missing` where there is none. */
export async function* readToTail(
  endpoint: FindEndpoint,
  name: string,
  { offset = START, ...patience }: Patience & { readonly offset?: string | undefined } = {},
): AsyncGenerator<Batch> {
  for (let from = offset; ; ) {
    const { headers, text } = await request(
      endpoint,
      name,
      { method: "GET", query: { offset: from } },
      patience,
    )
    const next = headers.get("stream-next-offset") ?? from
    const upToDate = headers.get("stream-up-to-date") === "true"
    yield { items: itemsOf(text), offset: next, upToDate }
    // A window that does not move would be asked for again without end.
    if (upToDate || next === from) return
    from = next
  }
}

export const itemsOf = (text: string): readonly unknown[] => {
  const value: unknown = text.trim() === "" ? [] : JSON.parse(text)
  return Array.isArray(value) ? value : [value]
}

/** The offset behind the newest message. */
export async function tailOf(endpoint: FindEndpoint, name: string, patience?: Patience): Promise<string> {
  const { headers } = await request(endpoint, name, { method: "HEAD" }, patience)
  return headers.get("stream-next-offset") ?? START
}

/** Closes the stream as that producer: nothing is appended after it. One that is closed already is fine. */
export async function closeStream(
  endpoint: FindEndpoint,
  name: string,
  {
    producer,
    ...patience
  }: Patience & { readonly producer: { readonly id: string; readonly epoch: number; readonly seq: number } },
): Promise<void> {
  const headers = { ...producerHeaders(producer), "stream-closed": "true" }
  try {
    await request(endpoint, name, { method: "POST", headers }, patience)
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "stream_closed") throw error
  }
}

/** Whether nothing can be appended to it: closed, or not there. */
export async function isClosed(endpoint: FindEndpoint, name: string, patience?: Patience): Promise<boolean> {
  try {
    return (
      (await request(endpoint, name, { method: "HEAD" }, patience)).headers.get("stream-closed") === "true"
    )
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
    return true
  }
}

/** Deletes the stream; one that is not there is fine. */
export async function deleteStream(endpoint: FindEndpoint, name: string, patience?: Patience): Promise<void> {
  try {
    await request(endpoint, name, { method: "DELETE" }, patience)
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
  }
}

/** The stream's text from its start to its tail, as the server sends it; nothing where there is no stream. */
export async function* textOf(
  endpoint: FindEndpoint,
  name: string,
  patience?: Patience,
): AsyncGenerator<string> {
  for (let from = START; ; ) {
    const attempt = { method: "GET", query: { offset: from } } as const
    const { headers, text } = await request(endpoint, name, attempt, patience)
    yield text
    const next = headers.get("stream-next-offset") ?? from
    if (headers.get("stream-up-to-date") === "true" || next === from) return
    from = next
  }
}
