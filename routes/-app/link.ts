/** A tab's line to the engine: a shared worker, or the same engine in this tab where there are none. */
import type { FromEngine, ToEngine } from "./protocol.ts"

export interface Link {
  send(message: ToEngine): void
}

export function openLink(receive: (message: FromEngine) => void): Link {
  const send = typeof SharedWorker === "undefined" ? ownEngine(receive) : sharedEngine(receive)
  addEventListener("pagehide", () => send({ type: "bye" }))
  // A page that comes back from the back-forward cache has missed everything since.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload()
  })
  const retry = () => {
    if (document.visibilityState === "visible") send({ type: "retry" })
  }
  addEventListener("online", retry)
  document.addEventListener("visibilitychange", retry)
  return { send }
}

function sharedEngine(receive: (message: FromEngine) => void): Link["send"] {
  const { port } = new SharedWorker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "agentz",
  })
  port.addEventListener("message", ({ data }: MessageEvent<FromEngine>) => receive(data))
  port.start()
  const hello = (lock: string | null) => port.postMessage({ type: "hello", lock } satisfies ToEngine)
  if (navigator.locks) {
    const lock = `agentz tab ${crypto.randomUUID()}`
    void navigator.locks.request(lock, () => {
      hello(lock)
      return new Promise(() => undefined)
    })
  } else hello(null)
  return (message) => port.postMessage(message)
}

function ownEngine(receive: (message: FromEngine) => void): Link["send"] {
  const engine = import("./engine.ts").then(({ openEngine }) => {
    const take = openEngine(location.origin).connect(receive)
    take({ type: "hello", lock: null })
    return take
  })
  return (message) => void engine.then((take) => take(message))
}
