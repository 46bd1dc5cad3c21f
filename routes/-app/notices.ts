/** Notices of the system: one tab of the browser shows them, one per session, and a click leads there. */
import { useRouter } from "@tanstack/react-router"
import { useEffect, useRef } from "react"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { plainText } from "./hidden-characters.ts"
import { type News, newsOf } from "./news.ts"
import { changeSettings, currentSettings } from "./settings.ts"

const WORDS: Record<News["kind"], string> = {
  "needs-you": "needs you",
  failed: "stopped",
  finished: "finished",
}

export const noticesPossible = (): boolean => typeof Notification !== "undefined"
export const noticesDenied = (): boolean => noticesPossible() && Notification.permission === "denied"

/** Asks the browser, which asks the person. Only ever called by a press of a button. */
export async function allowNotices(): Promise<boolean> {
  const allowed = noticesPossible() && (await Notification.requestPermission()) === "granted"
  changeSettings({ notices: allowed })
  return allowed
}

/** Watches all sessions and shows what is new. */
export function useNotices(entries: ReadonlyMap<string, RegistryEntry>): void {
  const router = useRouter()
  const known = useRef(new Map<string, RegistryEntry>())
  const since = useRef(new Map<string, number>())
  const mine = useRef(false)

  // The lock goes to one tab, and to another one when that is closed.
  useEffect(() => {
    const ended = new AbortController()
    navigator.locks
      ?.request("agentz notices", { signal: ended.signal }, () => {
        mine.current = true
        return new Promise<void>((resolve) => ended.signal.addEventListener("abort", () => resolve()))
      })
      .catch(() => undefined)
    return () => ended.abort()
  }, [])

  useEffect(() => {
    const now = Date.now()
    for (const entry of entries.values()) {
      const before = known.current.get(entry.sessionId)
      if (before === entry) continue
      known.current.set(entry.sessionId, entry)
      const began = since.current.get(entry.sessionId) ?? now
      if (needsDaemon(entry.status)) since.current.set(entry.sessionId, began)
      else since.current.delete(entry.sessionId)
      const hidden = document.visibilityState === "hidden"
      const news = newsOf(before, entry, { hidden, since: began, now })
      const seen = !hidden && location.pathname === `/s/${entry.sessionId}`
      if (news && mine.current && !seen && currentSettings().notices)
        show(news, (id) => void router.navigate({ to: "/s/$sessionId", params: { sessionId: id } }))
    }
  }, [entries, router])
}

function show({ sessionId, kind, title, detail }: News, open: (id: News["sessionId"]) => void): void {
  if (!noticesPossible() || Notification.permission !== "granted") return
  const notice = new Notification(`${plainText(title)} ${WORDS[kind]}`, {
    body: plainText(detail),
    tag: sessionId,
    icon: "/icon-192.png",
    requireInteraction: kind === "needs-you",
  })
  notice.onclick = () => {
    window.focus()
    notice.close()
    open(sessionId)
  }
}
