import { useEffect, useRef, useState } from "react"
import type { StopReason } from "#streams/event"
import type { Item } from "#streams/session"
import type { SessionHeader } from "../-app/protocol.ts"

const SAYS: Record<StopReason, string> = {
  end_turn: "finished",
  max_tokens: "stopped at its longest answer",
  max_turn_requests: "stopped at its limit of steps",
  refusal: "refused to go on",
  cancelled: "was cancelled",
  error: "failed",
  interrupted: "was interrupted",
}

/** Tells who listens about turns, not tokens; and at once about what needs an answer. */
export function Announcer({
  header,
  items,
}: {
  readonly header: SessionHeader
  readonly items: readonly Item[]
}) {
  const agent = header.agentType ?? "The agent"
  const end = items.findLast((item) => item.type === "turn_end")
  const asks = header.approvals.at(-1)
  const turn = useNews(end?.key, () => (end ? `${agent} ${SAYS[end.stopReason]}` : ""))
  const approval = useNews(asks?.requestId, () => (asks ? `Approval needed: ${asks.title}` : ""))
  return (
    <>
      <div className="sr-only" aria-live="polite">
        {turn}
      </div>
      <div className="sr-only" aria-live="assertive">
        {approval}
      </div>
    </>
  )
}

/** Words for a key that is new since the page was opened. */
function useNews(key: string | undefined, words: () => string): string {
  const [news, setNews] = useState("")
  const known = useRef(key)
  // biome-ignore lint/correctness/useExhaustiveDependencies: said once per key
  useEffect(() => {
    if (known.current === key) return
    known.current = key
    setNews(words())
  }, [key])
  return news
}
