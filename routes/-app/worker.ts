/** The shared worker: one engine for all tabs of this browser. */
import { openEngine } from "./engine.ts"
import type { FromEngine, ToEngine } from "./protocol.ts"

const engine = openEngine(self.location.origin)

self.addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports
  if (!port) return
  const take = engine.connect((message: FromEngine) => port.postMessage(message))
  port.addEventListener("message", ({ data }: MessageEvent<ToEngine>) => take(data))
  port.start()
})
