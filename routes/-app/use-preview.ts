import { useEffect, useState } from "react"
import type { RunId } from "#streams/ids"
import { refusalOf } from "./refusal.ts"
import type { PreviewedAction } from "./run-actions.ts"
import { openRunApi, type Preview } from "./run-api.ts"

/** What the action would make run. `at` is how far the run has come: its next event asks anew. */
export function usePreview(
  runId: RunId,
  action: PreviewedAction | null,
  at: string,
): { readonly preview: Preview | null; readonly problem: string | null } {
  const [preview, setPreview] = useState<Preview | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const asked = action && JSON.stringify(action)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the run has come to meanwhile may change the answer
  useEffect(() => {
    if (asked === null) return
    let current = true
    openRunApi(location.origin)
      .preview(runId, JSON.parse(asked))
      .then(
        (found) => {
          if (!current) return
          setPreview(found)
          setProblem(null)
        },
        (error: unknown) => current && setProblem(refusalOf(error).message),
      )
    return () => {
      current = false
    }
  }, [runId, asked, at])
  return { preview, problem }
}
