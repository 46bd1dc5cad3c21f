import { useEffect } from "react"

/** Names the tab. The root puts the number of sessions that need you in front of it. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · agentz`
  }, [title])
}
