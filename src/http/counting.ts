import type { IncomingMessage, ServerResponse } from "node:http"
import type { Meter } from "#daemon/telemetry/meter"
import { areaOf, type Target } from "./door.ts"

/** Counts a request and its answer. Of a live reader it is not asked how long it stays. */
export function countRequest(
  meter: Meter,
  { target, request }: { readonly target: Target | null; readonly request: IncomingMessage },
  response: ServerResponse,
): void {
  const area = target === null ? "none" : areaOf(target.path)
  const began = performance.now()
  const live = target !== null && staysOpen(target)
  if (live) meter.count("agentz_live_readers", {}, 1)
  response.once("close", () => {
    if (live) meter.count("agentz_live_readers", {}, -1)
    else if (request.method !== "HEAD")
      meter.observe("agentz_http_seconds", (performance.now() - began) / 1000, { area })
    const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : "none"
    meter.count("agentz_http_requests_total", { area, status })
  })
}

const staysOpen = ({ path, search }: Target): boolean =>
  path.startsWith("/trpc/agent.subscribe") ||
  path === "/v1/live" ||
  (path.startsWith("/v1/stream/") && /[?&]live=/.test(search))
