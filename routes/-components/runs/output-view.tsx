import { useState } from "react"
import type { RunId } from "#streams/ids"
import type { StepOutput } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { copyText } from "../../-app/clipboard.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { refusalOf } from "../../-app/refusal.ts"
import { openRunApi } from "../../-app/run-api.ts"
import { outputText } from "../../-app/run-words.ts"

/** What a step gave, or without a step what the run gave. What is too large for the log is fetched when it is asked for. */
export function OutputView(props: {
  readonly runId: RunId
  readonly stepId?: StepId
  readonly output: StepOutput
}) {
  const { runId, stepId, output } = props
  const [fetched, setFetched] = useState<unknown>(undefined)
  const [problem, setProblem] = useState<string | null>(null)
  if (output.type === "none") return null
  const value = output.type === "value" ? output.value : fetched
  const fetchAll = () =>
    openRunApi(location.origin)
      .output({ runId, ...(stepId !== undefined && { stepId }) })
      .then(
        (found) => setFetched(found.output),
        (error: unknown) => setProblem(refusalOf(error).message),
      )
  return (
    <section aria-label="Output" className="flex flex-col gap-1">
      <div className="flex items-center gap-3">
        <h3 className="text-note font-medium text-quiet">Output</h3>
        {value !== undefined && (
          <button
            type="button"
            className="text-note text-quiet underline underline-offset-2 hover:text-ink touch:min-h-11"
            onClick={() => void copyText(outputText(value), "Output")}
          >
            Copy
          </button>
        )}
      </div>
      {value !== undefined ? (
        <Pre label="What it gave" text={outputText(value)} />
      ) : (
        output.type === "blob" && (
          <button type="button" className="control w-fit" onClick={() => void fetchAll()}>
            Show all of it, {Math.ceil(output.ref.bytes / 1_000).toLocaleString("en")} kB
          </button>
        )
      )}
      {problem !== null && (
        <p role="alert" className="text-row text-fail">
          {plainText(problem)}
        </p>
      )}
    </section>
  )
}

/** Text as it is, in a box of its own that scrolls. */
export const Pre = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <section
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    tabIndex={0}
    aria-label={label}
    className="max-h-80 overflow-auto rounded-md bg-sunken px-3 py-2"
  >
    <pre className="font-mono text-note whitespace-pre-wrap [overflow-wrap:anywhere]">{plainText(text)}</pre>
  </section>
)
