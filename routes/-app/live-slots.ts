/**
 * A browser opens at most six connections to one HTTP/1.1 origin. Tails that hold more than a few of them leave
 * none for the calls, so only so many live connections are held at a time. A tail that finds none free is served
 * the same events, read by asking again each second, until one is.
 */
const SLOTS = 4
const PAUSE_MS = 1_000

/** A `fetch` for the follower that never holds more than four live connections. */
export function slottedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let held = 0

  /** Gives the slot back when the body ends, is cancelled or fails. */
  const releasing = (response: Response): Response => {
    const reader = response.body?.getReader()
    if (!reader) {
      held--
      return response
    }
    let open = true
    const release = () => {
      if (open) held--
      open = false
    }
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          release()
          controller.close()
        } catch (error) {
          release()
          controller.error(error)
        }
      },
      cancel(reason) {
        release()
        return reader.cancel(reason)
      },
    })
    return new Response(body, { status: response.status, headers: response.headers })
  }

  const polled = (target: URL, init: RequestInit | undefined): Response => {
    target.searchParams.delete("live")
    const text = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
          if (held < SLOTS) return controller.close()
          const response = await fetch(target, init)
          if (!response.ok) return controller.close()
          const items: unknown = await response.json()
          const streamNextOffset = response.headers.get("stream-next-offset") ?? ""
          const upToDate = response.headers.get("stream-up-to-date") === "true"
          target.searchParams.set("offset", streamNextOffset)
          const control = JSON.stringify({ streamNextOffset, upToDate })
          const data = JSON.stringify(items)
          controller.enqueue(
            text.encode(`event: data\ndata: ${data}\n\nevent: control\ndata: ${control}\n\n`),
          )
        } catch (error) {
          controller.error(error)
        }
      },
    })
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  }

  return async (input, init) => {
    const target = new URL(String(input))
    if (!target.searchParams.has("live")) return fetch(target, init)
    if (held >= SLOTS) return polled(target, init)
    held++
    try {
      return releasing(await fetch(target, init))
    } catch (error) {
      held--
      throw error
    }
  }
}
