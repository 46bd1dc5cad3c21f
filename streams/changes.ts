/** Changes of streams that belong together. */
import { appendBody, createStream } from "./stream.ts"
import type { FindEndpoint, Patience } from "./transport.ts"

export interface StreamChange {
  readonly name: string
  /** What is appended: a JSON list. */
  readonly body: string
  /** Makes the stream with that in it; one that is there stays as it is. */
  readonly create?: boolean
  /** It is done only where no equal or higher one was: the change is refused as a `conflict` otherwise. */
  readonly streamSeq?: string | undefined
}

export interface Changed {
  /** Behind what was appended. */
  readonly offset: string
  /** Whether the stream was made. */
  readonly created: boolean
}

/**
 * Does them in order, and none behind one that was refused: rejects with the `StreamError` of that one. At least once,
 * so only for what its readers recognise as a repeat.
 */
export type ChangeStreams = (changes: readonly StreamChange[]) => Promise<readonly Changed[]>

/** As every server of the protocol takes them: a request each. */
export const changingOneByOne =
  (endpoint: FindEndpoint, patience: Patience = {}): ChangeStreams =>
  async (changes) => {
    const changed: Changed[] = []
    for (const { name, body, create = false, streamSeq } of changes) {
      changed.push(
        create
          ? await createStream(endpoint, name, { ...patience, body })
          : { ...(await appendBody(endpoint, name, { ...patience, body, streamSeq })), created: false },
      )
    }
    return changed
  }
