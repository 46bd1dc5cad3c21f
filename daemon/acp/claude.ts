/**
 * Claude Code through `claude-agent-acp`. A retry gives the answer anew under another message id; what a call gave is
 * wrapped in a code fence; when a limit is lifted comes with the usage; older ones tell of a compaction in a text.
 */
import { contentTextsIn, saidInResponse, saidInUpdate } from "./generic.ts"
import { type Fields, fieldsOf, stringIn, under } from "./read.ts"
import type { Dialect, Said } from "./said.ts"
import { saidInFailure } from "./session-failure.ts"

export const claude: Dialect = {
  saidIn(wire, now) {
    if (wire.wire === "response") return saidInResponse(fieldsOf(wire.response), now)
    const update = fieldsOf(wire.update)
    if (update.sessionUpdate === "session_info_update") return saidInFailure(update, now)
    return [
      ...saidInUpdate(update).map((said) => plain(said, update)),
      ...limitIn(update),
      ...compactedIn(update),
    ]
  },
}

function plain(said: Said, update: Fields): Said {
  if (said.said !== "call" || said.output === undefined) return said
  const raw = stringIn(update, "rawOutput")
  const texts = contentTextsIn(update.content).map(withoutFence)
  return { ...said, output: raw ?? texts.join("\n") }
}

function compactedIn({ sessionUpdate, content }: Fields): readonly Said[] {
  const text = sessionUpdate === "agent_message_chunk" ? stringIn(fieldsOf(content), "text") : undefined
  return text?.trim() === "Compacting completed." ? [{ said: "compacted" }] : []
}

/** The fence may be longer than three where the output has one in it. */
function withoutFence(text: string): string {
  const [, , inside] = /^(`{3,})[^\n`]*\n([\s\S]*)\n\1\s*$/.exec(text) ?? []
  return inside ?? text
}

/** A limit counts once a request was refused for it; before, it is a warning at most. */
function limitIn(update: Fields): readonly Said[] {
  const info = under(update, "_meta", "_claude/rateLimit")
  const resetsAt = info.resetsAt
  if (info.status !== "rejected") return []
  const known = typeof resetsAt === "number" && resetsAt > 0 && resetsAt < 1e11
  return [{ said: "limit", kind: "usage", until: known ? new Date(resetsAt * 1000).toISOString() : null }]
}
