/**
 * Many streams over one connection: what `GET /v1/live` is asked and what it says, in server-sent events. Each
 * event names its stream.
 */
import { z } from "zod"

/** More names than these do not fit into the head of a request for certain. */
export const MOST_STREAMS = 100

/** A stream, and the offset to read it from. */
export interface Want {
  readonly stream: string
  readonly offset: string
}

export const liveQuery = (wants: readonly Want[]): string =>
  wants.map(({ stream, offset }) => `s=${stream}@${encodeURIComponent(offset)}`).join("&")

/** Offsets are a server's own words; none that follows the protocol has others than these. */
const OFFSET = /^[A-Za-z0-9_.-]{1,128}$/

/** `null` where it does not have the shape `NAME@OFFSET`. */
export function wantOf(text: string): Want | null {
  const at = text.lastIndexOf("@")
  const [stream, offset] = [text.slice(0, at), text.slice(at + 1)]
  return at > 0 && OFFSET.test(offset) ? { stream, offset } : null
}

const stream = z.string()

/** What an event of that name holds. */
const LIVE_EVENTS = {
  /** What comes next in the stream, maybe nothing. `upToDate`: there was no more when it was read. */
  batch: z.object({
    stream,
    items: z.array(z.unknown()).readonly(),
    offset: z.string(),
    upToDate: z.boolean(),
  }),
  /** The stream server is away. Nothing is lost: it is asked again by itself. */
  away: z.object({ stream, inMs: z.number() }),
  /** Nothing more comes of this stream here: it is not there (404, 410) or may not be read. */
  refused: z.object({ stream, status: z.number() }),
  /** The stream is closed, and all of it was sent. */
  ended: z.object({ stream }),
} as const

type LiveEvents = { readonly [Name in keyof typeof LIVE_EVENTS]: z.infer<(typeof LIVE_EVENTS)[Name]> }
export type LiveEvent = {
  [Name in keyof LiveEvents]: LiveEvents[Name] & { readonly event: Name }
}[keyof LiveEvents]

export const formatLive = ({ event, ...data }: LiveEvent): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** `null` for what a newer server says and this reader does not know. Throws at what is no JSON. */
export function parseLive({
  event,
  data,
}: {
  readonly event: string
  readonly data: string
}): LiveEvent | null {
  if (!Object.hasOwn(LIVE_EVENTS, event)) return null
  const known = event as keyof typeof LIVE_EVENTS
  const read = LIVE_EVENTS[known].safeParse(JSON.parse(data))
  return read.success ? ({ event: known, ...read.data } as LiveEvent) : null
}
