/**
 * Holds all events of one session for the page that asks about more than its end: moments of the past, searches,
 * exports. It reads the stream from its start once and then what is new, in its own thread.
 */
import { errorText } from "#streams/error-text"
import { SessionId } from "#streams/ids"
import { readToTail, START } from "#streams/stream"
import { changedFiles } from "./changes.ts"
import { openReplay } from "./replay.ts"
import type { FromReplay, ReplayCalls, ToReplay } from "./replay-protocol.ts"
import { findItems, markdownOf } from "./transcript-text.ts"
import { usageOf } from "./turn-usage.ts"

const stream = self.name
const replay = openReplay(SessionId.parse(stream.split("/")[0]))
const post = (message: FromReplay) => self.postMessage(message)

let offset = START
let reading: Promise<void> | null = null

/** Reads to the end of the stream as it is now. One at a time: two would take the same events twice. */
const readOn = (): Promise<void> => {
  reading ??= read().finally(() => {
    reading = null
  })
  return reading
}

async function read(): Promise<void> {
  const endpoint = () => ({ url: `${self.location.origin}/v1/stream`, token: null })
  for await (const batch of readToTail(endpoint, stream, { offset, forMs: 20_000 })) {
    replay.add(batch.items)
    offset = batch.offset
    post({ type: "progress", read: replay.raw.length })
  }
}

const all = () => replay.at(Number.POSITIVE_INFINITY)

const calls: ReplayCalls = {
  at({ seq, tail }) {
    const { items, taken: _, ...header } = replay.at(seq)
    return { header, items: items.slice(-tail), hasMore: items.length > tail, at: header.updatedAt }
  },
  turns() {
    const begun = new Map(replay.events.map((event) => [event.seq, event]))
    return all().items.flatMap((item) =>
      item.type === "user" && item.turnId !== null
        ? [{ seq: item.seq, at: begun.get(item.seq)?.at ?? item.at, text: item.text.slice(0, 200) }]
        : [],
    )
  },
  events({ from, count, type }) {
    const of = type === null ? replay.raw : replay.raw.filter((event) => event.type === type)
    const types = [...new Set(replay.raw.map((event) => String(event.type)))].sort()
    return { events: of.slice(from, from + count), total: of.length, types }
  },
  find: ({ text }) => findItems(all().items, text),
  usage: () => usageOf(replay.events),
  changes: () => changedFiles(all().items),
  markdown({ title }) {
    const { agentType, workingDir, items } = all()
    return markdownOf({ title, agentType, workingDir }, items)
  },
  json: () => JSON.stringify(replay.raw, null, 2),
}

self.addEventListener("message", async ({ data: { id, method, ask, upTo } }: MessageEvent<ToReplay>) => {
  try {
    if ((replay.events.at(-1)?.seq ?? -1) < upTo || offset === START) await readOn()
    post({ type: "answer", id, value: calls[method](ask as never) })
  } catch (error) {
    post({ type: "problem", id, message: errorText(error) })
  }
})
