/** What the page of an address will need is asked for before the code of that page is there. */
import type { SessionId } from "#streams/ids"
import { startLive } from "./live.ts"

export function headStart(path: string): void {
  const [, sessionId] = /^\/s\/(ses_[a-z0-9_-]+)$/.exec(path) ?? []
  startLive((sessionId as SessionId | undefined) ?? null)
  // Who looks at a session reads what an agent said in it.
  if (sessionId !== undefined) void import("../-components/markdown.tsx").catch(() => undefined)
}
