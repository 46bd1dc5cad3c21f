/** What the tab strip shows of all sessions: `(2) agentz`, and the icon. */
import { useEffect } from "react"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"

export function useTabMarks(entries: ReadonlyMap<string, RegistryEntry>): void {
  const all = [...entries.values()]
  const needsYou = all.filter(({ status }) => status === "waiting").length
  const running = all.some(({ status }) => needsDaemon(status))
  useTitleCount(needsYou)
  useIcon(needsYou > 0 ? "/favicon-needs.svg" : running ? "/favicon-running.svg" : "/favicon.svg")
}

function useIcon(href: string): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]")
    if (link && link.getAttribute("href") !== href) link.href = href
  }, [href])
}

function useTitleCount(needsYou: number): void {
  useEffect(() => {
    const count = needsYou > 0 ? `(${needsYou}) ` : ""
    const apply = () => {
      const bare = document.title.replace(/^\(\d+\) /, "")
      if (document.title !== count + bare) document.title = count + bare
    }
    apply()
    const title = document.querySelector("title")
    if (!title) return
    // Pages set their own titles; the count is put back in front.
    const observer = new MutationObserver(apply)
    observer.observe(title, { childList: true })
    return () => observer.disconnect()
  }, [needsYou])
}
