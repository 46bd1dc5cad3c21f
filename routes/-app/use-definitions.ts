import { useCallback, useState } from "react"
import { type KnownWorkflow, openRunApi, type Schedule, type Webhook } from "./run-api.ts"
import { useAsked } from "./use-asked.ts"

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
  const [round, setRound] = useState(0)
  const refresh = useCallback(() => setRound((count) => count + 1), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks anew
  const ask = useCallback(() => askKnown(), [round])
  const { answer: known, problem } = useAsked(ask)
  return { known, problem, refresh }
}

async function askKnown(): Promise<Known> {
  const api = openRunApi(location.origin)
  const [definitions, scheduled, hooked] = await Promise.all([
    api.definitions(),
    api.schedules(),
    api.webhooks(),
  ])
  return { ...definitions, ...scheduled, ...hooked }
}
