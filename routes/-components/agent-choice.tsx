import clsx from "clsx"
import { useId } from "react"
import type { AgentTypeInfo } from "../-app/api.ts"

/** The agents that were found, and what the others lack. */
export function AgentChoice(props: {
  readonly types: readonly AgentTypeInfo[] | null
  readonly problem: string | null
  readonly chosen: string
  readonly onChoose: (type: string) => void
}) {
  const { types, problem, chosen, onChoose } = props
  const name = useId()
  return (
    <fieldset>
      <legend className="mb-1.5 text-row font-medium">Agent</legend>
      {types === null && <p className="text-row text-quiet">{problem ?? "Looking for agents…"}</p>}
      <div className="grid gap-2 sm:grid-cols-2">
        {types?.map((agent) => {
          const usable = agent.found && agent.needs.length === 0
          return (
            <label
              key={agent.type}
              className={clsx(
                "flex gap-2.5 rounded-md border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-run",
                chosen === agent.type ? "border-ink bg-sunken" : "border-line",
                usable ? "cursor-pointer hover:bg-sunken" : "bg-raised",
              )}
            >
              <input
                type="radio"
                name={name}
                value={agent.type}
                checked={chosen === agent.type}
                disabled={!usable}
                onChange={() => onChoose(agent.type)}
                className="mt-0.5 self-start accent-ink outline-none"
              />
              <span className="min-w-0 text-row">
                <span className="flex items-baseline gap-2">
                  <span className={clsx("font-medium", !usable && "text-quiet")}>{agent.title}</span>
                  {agent.version && <span className="text-note text-quiet figures">{agent.version}</span>}
                  {!agent.found && <span className="text-note text-quiet">not found</span>}
                </span>
                {usable && <span className="block text-note text-quiet">{agent.description}</span>}
                {agent.needs.map((need) => (
                  <span key={need} className="block text-note break-words text-soft">
                    {need}
                  </span>
                ))}
              </span>
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}
