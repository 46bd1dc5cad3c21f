import { useEffect, useId, useRef, useState } from "react"
import { plural } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { refusalOf } from "../../-app/refusal.ts"
import { type DefinitionProblem, openRunApi } from "../../-app/run-api.ts"
import { toast } from "../../-app/toast.ts"

// Somebody who types is not told of every half-written word.
const REST_MS = 300

/** A definition as text. What is wrong with it stands at its line, and below it in sentences. */
export default function DefinitionEditor(props: {
  readonly source: string
  readonly onKept: (name: string) => void
}) {
  const id = useId()
  const [source, setSource] = useState(props.source)
  const { problems, name, away } = useValidated(source)
  const [busy, setBusy] = useState(false)
  const box = useRef<HTMLTextAreaElement>(null)
  const keep = async () => {
    setBusy(true)
    try {
      const kept = await openRunApi(location.origin).define({ source })
      toast(kept.changed ? `Kept as ${kept.name}` : `${kept.name} is known as this already`)
      props.onKept(kept.name)
    } catch (error) {
      toast(refusalOf(error).message)
    }
    setBusy(false)
  }
  const goTo = ({ line, column }: DefinitionProblem) => {
    const lines = source.split("\n")
    const at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1
    box.current?.focus()
    box.current?.setSelectionRange(at, at)
  }
  const lines = source.split("\n")
  return (
    <div className="flex flex-col gap-3">
      <label htmlFor={id} className="text-row font-medium">
        Definition
      </label>
      <div className="max-h-[60dvh] overflow-auto rounded-md border border-line-strong bg-paper font-mono text-note focus-within:outline-2 focus-within:outline-run">
        <div className="relative flex min-w-fit py-2">
          <div
            aria-hidden
            className="sticky left-0 z-10 w-10 shrink-0 bg-paper pr-2 text-right text-quiet select-none"
          >
            {lines.map((_, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
              <div key={index} className={at(problems, index) ? "font-semibold text-fail" : undefined}>
                {at(problems, index) ? "● " : ""}
                {index + 1}
              </div>
            ))}
          </div>
          {problems.map((problem) => (
            <div
              key={`${problem.line}:${problem.column}:${problem.message}`}
              aria-hidden
              className="pointer-events-none absolute right-0 left-10 h-4 bg-fail-tint"
              style={{ top: `calc(0.5rem + ${problem.line - 1} * 1rem)` }}
            />
          ))}
          <textarea
            ref={box}
            id={id}
            className="relative min-w-0 flex-1 resize-none overflow-hidden bg-transparent pr-3 whitespace-pre outline-none"
            style={{ width: `${Math.max(40, ...lines.map(({ length }) => length + 2))}ch` }}
            wrap="off"
            rows={lines.length + 1}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            value={source}
            aria-invalid={problems.length > 0}
            aria-describedby={`${id}-problems`}
            onChange={({ target: { value } }) => setSource(value)}
          />
        </div>
      </div>
      <div id={`${id}-problems`} aria-live="polite" className="text-row">
        {away !== null ? (
          <p className="text-needs">{away}</p>
        ) : problems.length === 0 ? (
          <p className="text-quiet">
            {name === null ? "Checking…" : `Nothing is wrong with ${plainText(name)}.`}
          </p>
        ) : (
          <>
            <p className="font-medium text-fail">{plural(problems.length, "problem")}</p>
            <ul aria-label="Problems">
              {problems.map((problem) => (
                <li
                  key={`${problem.line}:${problem.column}:${problem.message}`}
                  className="flex gap-3 py-0.5"
                >
                  <button
                    type="button"
                    className="shrink-0 self-start font-mono text-note underline underline-offset-2 touch:min-h-11"
                    onClick={() => goTo(problem)}
                  >
                    line {problem.line}, column {problem.column}
                  </button>
                  <span className="[overflow-wrap:anywhere]">{plainText(problem.message)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <button
        type="button"
        className="control control-accent w-fit"
        disabled={busy || name === null || problems.length > 0}
        onClick={() => void keep()}
      >
        {busy ? "Keeping…" : name === null ? "Keep" : `Keep as ${name}`}
      </button>
    </div>
  )
}

const at = (problems: readonly DefinitionProblem[], index: number): boolean =>
  problems.some(({ line }) => line === index + 1)

interface Validated {
  readonly problems: readonly DefinitionProblem[]
  /** Of the workflow, where nothing is wrong with it. */
  readonly name: string | null
  readonly away: string | null
}

function useValidated(source: string): Validated {
  const [validated, setValidated] = useState<Validated>({ problems: [], name: null, away: null })
  useEffect(() => {
    let current = true
    const timer = setTimeout(() => {
      const text = source === "" ? "\n" : source
      openRunApi(location.origin)
        .validate({ source: text })
        .then(
          ({ definition, problems }) =>
            current && setValidated({ problems, name: definition?.name ?? null, away: null }),
          (error: unknown) =>
            current && setValidated({ problems: [], name: null, away: refusalOf(error).message }),
        )
    }, REST_MS)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [source])
  return validated
}
