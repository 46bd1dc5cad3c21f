import { Link } from "@tanstack/react-router"
import { memo } from "react"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { shortCount, shortPath, withoutMarks } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { changedAt } from "../-app/session-order.ts"
import { Since } from "./since.tsx"
import { StateMark } from "./state-mark.tsx"

/** One session in a list. On a phone the figures leave and the last line gets a line of its own. */
export const SessionRow = memo(function SessionRow({ entry }: { readonly entry: RegistryEntry }) {
  const { activity } = entry
  const tokens = activity ? activity.inputTokens + activity.outputTokens : 0
  const active = needsDaemon(entry.status)
  const lastLine = entry.status === "failed" ? (activity?.error ?? activity?.lastLine) : activity?.lastLine
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to="/s/$sessionId"
        params={{ sessionId: entry.sessionId }}
        className="session-grid min-h-9 items-center gap-x-4 px-3 py-1.5 text-row hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-11 sm:px-4"
      >
        <StateMark status={entry.status} className="[grid-area:state]" />
        <span className="flex min-w-0 items-baseline gap-2 [grid-area:title]">
          <span className="truncate font-medium sm:max-w-[60%] sm:shrink-0">{plainText(entry.title)}</span>
          <span className="min-w-0 flex-1 truncate text-quiet max-sm:hidden">
            {plainText(withoutMarks(lastLine ?? ""))}
          </span>
        </span>
        <span className="truncate text-quiet [grid-area:last] sm:hidden">
          {plainText(lastLine ? withoutMarks(lastLine) : shortPath(entry.workingDir))}
        </span>
        <span className="truncate text-quiet [grid-area:agent] max-sm:hidden">{entry.agentType}</span>
        <span className="truncate text-quiet [grid-area:dir] max-md:hidden" title={entry.workingDir}>
          {shortPath(entry.workingDir, 26)}
        </span>
        <span className="text-right text-quiet figures [grid-area:time]">
          <Since active={active} from={active ? entry.createdAt : changedAt(entry)} />
        </span>
        <span className="text-right text-quiet figures [grid-area:tokens] max-sm:hidden">
          {tokens > 0 ? shortCount(tokens) : ""}
          {tokens > 0 && <span className="sr-only"> tokens</span>}
        </span>
      </Link>
    </li>
  )
})
