/**
 * Codex through `codex-acp`. A retry gives the answer anew under another message id; what a command prints comes
 * beside the update; without the failure extension an error of the service is a text like any other.
 */
import { fitLine, saidInResponse, saidInUpdate } from "./generic.ts"
import { type Fields, fieldsOf, stringIn, under } from "./read.ts"
import type { Dialect, Said } from "./said.ts"
import { saidInFailure } from "./session-failure.ts"

export const codex: Dialect = {
  saidIn(wire, now) {
    if (wire.wire === "response") return saidInResponse(fieldsOf(wire.response), now)
    const update = fieldsOf(wire.update)
    if (update.sessionUpdate === "session_info_update")
      return [...saidInFailure(update, now), ...retryIn(update)]
    // The model's own texts have an id; the adapter's do not.
    return saidInUpdate(update).map((said) =>
      said.said === "text" && said.messageId === null ? { ...said, aside: true } : said,
    )
  },
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
