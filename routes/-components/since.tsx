import { useNow } from "../-app/clock.ts"
import { shortSpan } from "../-app/figures.ts"

/** How long something has been at work since it began, or how long ago it last was. */
export function Since({ active, from }: { readonly active: boolean; readonly from: string }) {
  const now = useNow(active ? 1_000 : 30_000)
  const span = now - Date.parse(from)
  return (
    <time dateTime={from} title={new Date(from).toLocaleString()}>
      {active || span >= 30_000 ? shortSpan(span) : "now"}
      <span className="sr-only">{active ? " since it began" : span >= 30_000 && " ago"}</span>
    </time>
  )
}
