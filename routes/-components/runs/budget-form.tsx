import { type FormEvent, useId, useState } from "react"
import type { RunId } from "#streams/ids"
import type { Budget } from "#streams/workflow/definition"
import type { RunHeader } from "../../-app/protocol.ts"
import { problemOf } from "../../-app/refusal.ts"
import { openRunApi } from "../../-app/run-api.ts"
import { toast } from "../../-app/toast.ts"

const OF = {
  costUsd: { label: "Cost in dollars", suggest: (limit: number) => String(limit * 2) },
  tokens: { label: "Tokens", suggest: (limit: number) => String(limit * 2) },
  time: { label: "Time, such as 2h", suggest: (limit: number) => `${Math.ceil((limit * 2) / 1_000)}s` },
} as const

/** A run that has used up its budget is given a larger one. */
export function BudgetForm(props: {
  readonly runId: RunId
  readonly budget: Budget
  readonly reached: NonNullable<RunHeader["budgetReached"]>
}) {
  const { runId, budget, reached } = props
  const { kind, limit } = reached
  const { label, suggest } = OF[kind]
  const id = useId()
  const [text, setText] = useState(() => suggest(limit))
  const [problem, setProblem] = useState<string | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const larger = { ...budget, [kind]: kind === "time" ? text.trim() : Number(text) }
    const wrong = await problemOf(openRunApi(location.origin).setBudget({ runId, budget: larger }))
    setProblem(wrong)
    if (wrong === null) toast("The budget is larger: resume the run")
  }
  return (
    <form
      onSubmit={submit}
      className="flex flex-col gap-2 rounded-md bg-needs-tint px-3 py-2 text-row text-needs"
      noValidate
    >
      <p role="status">The budget is used up, so nothing new starts. Give it a larger one, then resume.</p>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <div className="flex gap-2">
        <input id={id} className="field" value={text} onChange={({ target: { value } }) => setText(value)} />
        <button type="submit" className="control">
          Set
        </button>
      </div>
      {problem !== null && (
        <p role="alert" className="text-fail">
          {problem}
        </p>
      )}
    </form>
  )
}
