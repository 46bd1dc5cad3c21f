import { type AgentTypeInfo, openApi } from "./api.ts"
import { useAsked } from "./use-asked.ts"

const agentTypes = () => openApi(location.origin).agentTypes()

/** The agents of this machine. Asked anew by each form: what was missing may have been installed meanwhile. */
export function useAgentTypes(): {
  readonly types: readonly AgentTypeInfo[] | null
  readonly problem: string | null
} {
  const { answer: types, problem } = useAsked(agentTypes)
  return { types, problem }
}
