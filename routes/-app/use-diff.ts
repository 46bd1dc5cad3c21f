/** What became of a session's files between two moments, asked anew when they may have changed. */
import { useEffect, useState } from "react"
import type { SessionId } from "#streams/ids"
import type { Item } from "#streams/session"
import { type FilesDiff, openApi } from "./api.ts"
import { type Range, rangeText } from "./moments.ts"
import { type Refusal, refusalOf } from "./refusal.ts"

// Calls that end together are one reason to look.
const REST_MS = 300

/** Calls of these kinds leave files as they are. */
const ONLY_LOOK: ReadonlySet<string> = new Set(["read", "search", "think", "fetch", "switch_mode"])

/** Rises with each call that may have changed files and has ended. */
export const touchesOf = (items: readonly Item[]): number =>
  items.filter((item) => item.type === "tool" && !ONLY_LOOK.has(item.kind) && hasEnded(item.status)).length

const hasEnded = (status: string): boolean => status === "completed" || status === "failed"

interface Answer {
  readonly key: string
  readonly diff: FilesDiff | null
  readonly refusal: Refusal | null
}

/** `version`: of what the answer depends on, beside the range. The last answer stays while a new one is on its way. */
export function useDiff(
  sessionId: SessionId,
  range: Range,
  version: string,
): { readonly diff: FilesDiff | null; readonly refusal: Refusal | null } {
  const key = `${sessionId} ${rangeText(range)}`
  const [answer, setAnswer] = useState<Answer | null>(null)
  const { from, to } = range
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version is a reason to ask again
  useEffect(() => {
    let current = true
    const ask = async () => {
      const said = await openApi(location.origin)
        .diff({ sessionId, from, to })
        .then(
          (diff): Omit<Answer, "key"> => ({ diff, refusal: null }),
          (error: unknown) => ({ diff: null, refusal: refusalOf(error) }),
        )
      if (current) setAnswer({ key, ...said })
    }
    const timer = setTimeout(() => void ask(), answer?.key === key ? REST_MS : 0)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [sessionId, from, to, key, version])
  return answer?.key === key ? answer : { diff: null, refusal: null }
}
