import { useCallback, useEffect, useState } from "react"
import { refusalOf } from "./refusal.ts"
import { type KnownWorkflow, openRunApi, type Schedule, type Webhook } from "./run-api.ts"

interface Known {
  readonly workflows: readonly KnownWorkflow[]
  readonly schedules: readonly Schedule[]
  readonly webhooks: readonly Webhook[]
}

/** The workflows that are known by name, and what starts them. Asked anew while the server is away. */
export function useDefinitions(): {
  readonly known: Known | null
  readonly problem: string | null
  readonly refresh: () => void
} {
  const [known, setKnown] = useState<Known | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [round, setRound] = useState(0)
  const refresh = useCallback(() => setRound((count) => count + 1), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks anew
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      const api = openRunApi(location.origin)
      try {
        const [definitions, scheduled, hooked] = await Promise.all([
          api.definitions(),
          api.schedules(),
          api.webhooks(),
        ])
        if (!current) return
        setKnown({ ...definitions, ...scheduled, ...hooked })
        setProblem(null)
      } catch (error) {
        if (!current) return
        setProblem(refusalOf(error).message)
        timer = setTimeout(ask, 3_000)
      }
    }
    void ask()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [round])
  return { known, problem, refresh }
}
