import { useEffect, useState } from "react"
import { type AgentTypeInfo, openApi } from "./api.ts"
import { refusalOf } from "./refusal.ts"

/** The agents of this machine. Asked anew by each form: what was missing may have been installed meanwhile. */
export function useAgentTypes(): {
  readonly types: readonly AgentTypeInfo[] | null
  readonly problem: string | null
} {
  const [types, setTypes] = useState<readonly AgentTypeInfo[] | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      try {
        const found = await openApi(location.origin).agentTypes()
        if (current) setTypes(found)
        if (current) setProblem(null)
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
  }, [])
  return { types, problem }
}
