/** What reading server-sent events takes, in Node and in browsers: their frames, and knowing when nobody sends any more. */

/** A connection on which nothing came for this long is taken for dead; servers end a live one about once a minute. */
const SILENCE_MS = 90_000
/** A server that has not begun to answer after this long is asked again. */
const OPEN_MS = 10_000

/** The events of an answer as they come; `touch` is called for every sign of life. */
export async function* serverSentEvents(
  response: Response,
  touch: () => void,
): AsyncGenerator<{ event: string; data: string }> {
  if (!response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      touch()
      rest += value
      const blocks = rest.split(/\r?\n\r?\n/)
      rest = blocks.pop() ?? ""
      for (const block of blocks) {
        const lines = block.split(/\r?\n/)
        const field = (name: string) =>
          lines
            .filter((line) => line.startsWith(`${name}:`))
            .map((line) => line.slice(name.length + 1).replace(/^ /, ""))
        yield { event: field("event")[0] ?? "message", data: field("data").join("\n") }
      }
    }
  } finally {
    await reader.cancel().catch(ignoreClosed)
  }
}

/** Cancelling a body that already failed rejects with that failure, which its reader has seen. */
const ignoreClosed = () => undefined

/** Aborts with the outer signal, when nothing touches it for {@link OPEN_MS}, or {@link SILENCE_MS} after a touch. */
export function deadline(outer: AbortSignal | undefined) {
  const controller = new AbortController()
  const abort = () => controller.abort(outer?.reason)
  if (outer?.aborted) abort()
  outer?.addEventListener("abort", abort)
  const silent = () => controller.abort(new Error("nothing came for too long"))
  let timer = setTimeout(silent, OPEN_MS)
  return {
    signal: controller.signal,
    touch: () => {
      clearTimeout(timer)
      timer = setTimeout(silent, SILENCE_MS)
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      outer?.removeEventListener("abort", abort)
      controller.abort()
    },
  }
}
