/**
 * A browser opens at most six connections to one HTTP/1.1 origin. Tails that hold more than a few of them leave
 * none for the calls, so only so many long polls are held at a time; the others ask again every second instead.
 */
const SLOTS = 4
const PAUSE_MS = 1_000

/** A `fetch` for {@link follow} that never holds more than four long polls. */
export function slottedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let held = 0
  return async (input, init) => {
    const target = new URL(String(input))
    if (!target.searchParams.has("live")) return fetch(target, init)
    if (held >= SLOTS) {
      target.searchParams.delete("live")
      target.searchParams.delete("cursor")
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      return fetch(target, init)
    }
    held++
    try {
      return await fetch(target, init)
    } finally {
      held--
    }
  }
}
