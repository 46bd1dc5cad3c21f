/** Lines that no agent should write on its side of the protocol. */
import { seeded } from "./seeded.ts"

const METHODS = [
  "session/update",
  "session/request_permission",
  "fs/read_text_file",
  "terminal/create",
  "initialize",
  "__proto__",
  "",
  7,
  null,
]
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  "",
  "\u0000",
  "\ud800",
  [],
  {},
  [[[]]],
  { sessionId: 7 },
  { sessionId: "x", update: null },
  { sessionId: "x", update: { sessionUpdate: "nothing" } },
  { sessionId: "x", update: { sessionUpdate: "agent_message_chunk" } },
  { sessionId: "x", update: { sessionUpdate: "tool_call", toolCallId: {}, content: 9 } },
  { sessionId: "x", toolCall: null, options: "all" },
  { constructor: { prototype: {} } },
]

/** `count` of them, each ended. The same seed gives the same lines. */
export function malformedLines(name: string, count: number): string {
  const { next, pick } = seeded(name)
  const line = (): string => {
    const message: Record<string, unknown> = {}
    if (next() < 0.9) message.jsonrpc = pick(["2.0", "1.0", 2])
    if (next() < 0.4) message.id = pick([...VALUES, "q1", 1, 999])
    if (next() < 0.7) message.method = pick(METHODS)
    if (next() < 0.7) message.params = pick(VALUES)
    if (next() < 0.2) message.result = pick(VALUES)
    if (next() < 0.1) message.error = pick([...VALUES, { code: "x" }, { code: -32603, message: 1 }])
    const text = JSON.stringify(message)
    switch (pick(["whole", "whole", "cut", "many", "noise", "empty"] as const)) {
      case "whole":
        return text
      case "cut":
        return text.slice(0, Math.floor(next() * text.length))
      case "many":
        return `[${text},${text}]`
      case "noise":
        return Array.from({ length: 40 }, () => String.fromCharCode(32 + Math.floor(next() * 60_000))).join(
          "",
        )
      case "empty":
        return pick(["", " ", "\t", "null", "0", '"text"'])
    }
  }
  return Array.from({ length: count }, () => `${line().replaceAll("\n", " ")}\n`).join("")
}
