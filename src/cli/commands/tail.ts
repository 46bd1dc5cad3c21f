import type { SessionEvent } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { resumesAt } from "#streams/limit"
import { needsDaemon } from "#streams/session"
import type { ControlPlane } from "../../plane.ts"
import { defineCommand } from "../command.ts"
import { freshEvents } from "../fresh-events.ts"
import { narrator } from "../narrator.ts"
import { usage } from "../refusal.ts"
import { painter } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const tail = defineCommand({
  name: "tail",
  summary: "follows a session until Ctrl-C",
  positionals: ["ID"],
  flags: {
    from: { type: "string", value: "OFFSET", help: "start after this offset (from the start)" },
    "until-idle": { type: "boolean", help: "end when the session is at rest" },
  },
  json: "print each event as a line {offset, event}",
  async run({ values, positionals: [id = ""], json, io, deps }) {
    const offset = values.from
    if (offset !== undefined && !/^[A-Za-z0-9_.-]{1,128}$/.test(offset))
      throw usage(`--from is “${offset}”: give an offset that --json printed.`)
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const stop = new AbortController()
      using _ = io.onSignal(() => stop.abort())
      const rest = values["until-idle"] === true ? await restOf(plane, sessionId) : null
      if (rest?.isOver(offset)) return 0
      const story = narrator(painter(io.stdout, io), { echo: true })
      try {
        for await (const placed of freshEvents(plane.follow({ sessionId, offset, signal: stop.signal }))) {
          io.stdout.write(
            json
              ? `${JSON.stringify({ offset: placed.offset, event: placed.event })}\n`
              : story.tell(placed.event),
          )
          if (stop.signal.aborted || (rest !== null && (await rest.isReached(placed.event)))) break
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error
      } finally {
        stop.abort()
      }
      return 0
    })
  },
})

const ENDINGS: ReadonlySet<SessionEvent["type"]> = new Set([
  "turn_ended",
  "session_ended",
  "session_failed",
  "session_interrupted",
  "limit_reached",
])

/** Knows when a session has nothing more to say: its fold is at rest and its newest event was seen. */
async function restOf(plane: ControlPlane, sessionId: SessionId) {
  const look = async () => {
    const { session, offset } = await plane.getSession({ sessionId, tail: 1 })
    const stirs = needsDaemon(session.status) || session.queue.length > 0 || resumesAt(session) !== null
    return { at: stirs ? null : session.seq, offset }
  }
  let rest = await look()
  return {
    /** Whether a reader from that offset on would wait for something that may never come. */
    isOver: (offset: string | undefined) => rest.at !== null && (rest.at < 0 || offset === rest.offset),
    async isReached({ seq, type }: SessionEvent): Promise<boolean> {
      if (rest.at === null ? !ENDINGS.has(type) : seq < rest.at) return false
      rest = await look()
      return rest.at !== null && seq >= rest.at
    },
  }
}
