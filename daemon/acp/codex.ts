/**
 * Codex through `codex-acp`. A retry gives the answer anew under another message id; what a command prints comes
 * beside the update, and what a tool of an MCP server gave inside its raw output; without the failure extension an
 * error of the service is a text like any other.
 */
import { fitLine, saidInResponse, saidInUpdate, textOf } from "./generic.ts"
import { type Fields, fieldsOf, listOf, stringIn, under } from "./read.ts"
import type { Dialect, Said } from "./said.ts"
import { saidInFailure } from "./session-failure.ts"

export const codex: Dialect = {
  saidIn(wire, now) {
    if (wire.wire === "response") return saidInResponse(fieldsOf(wire.response), now)
    const update = fieldsOf(wire.update)
    if (update.sessionUpdate === "session_info_update")
      return [...saidInFailure(update, now), ...retryIn(update)]
    return saidInUpdate(update).map((said) => {
      // The model's own texts have an id; the adapter's do not.
      if (said.said === "text" && said.messageId === null) return { ...said, aside: true }
      const output = said.said === "call" && said.output === undefined ? outputOfServer(update) : undefined
      return output === undefined ? said : { ...said, output }
    })
  },
}

function outputOfServer(update: Fields): string | undefined {
  const { content } = under(update, "rawOutput", "result")
  const why = stringIn(under(update, "rawOutput", "error"), "message")
  const told = [...listOf(content).map(textOf), ...(why === undefined ? [] : [why])]
  return told.length === 0 ? undefined : told.join("\n")
}

/** Without the extension: `willRetry` beside the status of the thread. */
function retryIn(update: Fields): readonly Said[] {
  const error = under(update, "_meta", "codex", "error")
  const message = stringIn(error, "message")
  if (error.willRetry !== true || message === undefined) return []
  return [
    {
      said: "notice",
      notice: { severity: "warning", category: "connection", title: fitLine(message) },
      restarts: true,
    },
  ]
}
