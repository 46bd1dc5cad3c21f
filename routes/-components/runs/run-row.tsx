import { Link } from "@tanstack/react-router"
import { memo } from "react"
import type { RunEntry } from "#streams/workflow/registry"
import { costText, shortCount, shortPath } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { runChangedAt, runStateOf } from "../../-app/run-order.ts"
import { Since } from "../since.tsx"
import { ProgressBar } from "./progress-bar.tsx"
import { RunMark } from "./run-mark.tsx"

/** One run in a list. */
export const RunRow = memo(function RunRow({ entry }: { readonly entry: RunEntry }) {
  const { runId, title, workflow, workingDir, progress, startedBy } = entry
  const state = runStateOf(entry)
  const active = entry.status === "running" || entry.status === "pending"
  return (
    <li className="border-b border-line last:border-b-0">
      <Link
        to="/w/$runId"
        params={{ runId }}
        className="run-grid min-h-9 items-center gap-x-4 px-3 py-1.5 text-row hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-11 sm:px-4"
      >
        <RunMark state={state} leaving={progress?.leaving ?? null} className="[grid-area:state]" />
        <span className="flex min-w-0 items-baseline gap-2 [grid-area:title]">
          <span className="truncate font-medium sm:max-w-[70%] sm:shrink-0">{plainText(workflow)}</span>
          <span className="min-w-0 flex-1 truncate text-quiet max-sm:hidden">
            {plainText(
              state === "failed" && progress?.error ? progress.error : title === workflow ? "" : title,
            )}
          </span>
        </span>
        <span className="truncate text-quiet [grid-area:by] max-sm:hidden">{BY[startedBy]}</span>
        <span className="truncate text-quiet [grid-area:dir] max-md:hidden" title={workingDir}>
          {shortPath(plainText(workingDir), 26)}
        </span>
        <span className="text-quiet [grid-area:steps]">
          {progress && <ProgressBar ended={progress.steps.ended} total={progress.steps.total} />}
        </span>
        <span className="text-right text-quiet figures [grid-area:time]">
          <Since active={active} from={active ? entry.createdAt : runChangedAt(entry)} />
        </span>
        <span className="text-right text-quiet figures [grid-area:tokens] max-sm:hidden">
          {progress && progress.tokens > 0 && (
            <span title={progress.costUsd > 0 ? costText(progress.costUsd) : undefined}>
              {shortCount(progress.tokens)}
              <span className="sr-only"> tokens</span>
            </span>
          )}
        </span>
      </Link>
    </li>
  )
})

export const BY: Readonly<Record<RunEntry["startedBy"], string>> = {
  user: "by hand",
  workflow: "by a workflow",
  schedule: "by schedule",
  webhook: "by webhook",
  agent: "by an agent",
}
