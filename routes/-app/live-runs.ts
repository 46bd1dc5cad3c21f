/** Workflows as React reads them. */
import { useEffect, useSyncExternalStore } from "react"
import type { RunId } from "#streams/ids"
import { onLive, tellEngine } from "./live.ts"
import { forgetRun, type LiveRun, liveRun, type RunList, runList } from "./run-store.ts"

export const useRunList = (): RunList => useSyncExternalStore(onLive, runList)

/** A part of the list; drawn anew only when that part is another one, so `part` must not make what it gives. */
export const useListedRuns = <Part>(part: (list: RunList) => Part): Part =>
  useSyncExternalStore(onLive, () => part(runList()))

/** Follows one run for as long as the component is there. */
export function useLiveRun(runId: RunId): LiveRun {
  useEffect(() => {
    tellEngine({ type: "watch-run", runId })
    return () => {
      tellEngine({ type: "unwatch-run", runId })
      forgetRun(runId)
    }
  }, [runId])
  return useSyncExternalStore(onLive, () => liveRun(runId))
}
