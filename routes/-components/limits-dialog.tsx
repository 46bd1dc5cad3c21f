import { type FormEvent, useId, useState } from "react"
import type { SessionId } from "#streams/ids"
import {
  LIMIT_WORDS,
  type LimitChange,
  type Limits,
  type LimitWord,
  limitsInWords,
  limitValue,
} from "#streams/session-limits"
import { openApi } from "../-app/api.ts"
import { refusalOf } from "../-app/refusal.ts"
import { toast } from "../-app/toast.ts"
import { Dialog } from "./dialog.tsx"
import { DialogForm } from "./dialog-form.tsx"
import { Field } from "./form-field.tsx"

const LABELS: Readonly<Record<LimitWord, string>> = {
  memory: "Memory",
  processes: "Processes at once",
  disk: "Growth on disk",
  minutes: "Minutes of a turn",
  cost: "Cost in USD",
  tokens: "Tokens, read and written",
}
const WORDS = Object.keys(LABELS) as readonly LimitWord[]

type TypedLimits = Readonly<Partial<Record<LimitWord, string>>>

const typedOf = (limits: Limits): TypedLimits =>
  Object.fromEntries(
    limitsInWords(limits)
      .split(" ")
      .filter(Boolean)
      .map((part) => part.split("=")),
  )

/** What the session may use, to be changed while it works. */
export default function LimitsDialog(props: {
  readonly sessionId: SessionId
  readonly limits: Limits
  readonly onClose: () => void
}) {
  const { sessionId, limits, onClose } = props
  const id = useId()
  const [typed, setTyped] = useState(() => typedOf(limits))
  const [wrong, setWrong] = useState<LimitWord | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const unusable = WORDS.find((word) => (typed[word] ?? "").trim() !== "" && amountOf(word, typed) === null)
    setWrong(unusable ?? null)
    setProblem(null)
    if (unusable !== undefined || busy) return
    const change: LimitChange = Object.fromEntries(
      WORDS.map((word) => [LIMIT_WORDS[word].field, amountOf(word, typed)]),
    )
    setBusy(true)
    try {
      await openApi(location.origin).setLimits({ sessionId, limits: change })
      toast("The limits count from now on")
      onClose()
    } catch (error) {
      setProblem(refusalOf(error).message)
      setBusy(false)
    }
  }
  return (
    <Dialog label="Limits" onClose={onClose} className="w-[min(34rem,calc(100vw-1.5rem))]">
      <DialogForm
        title="Limits"
        leave="Leave them"
        confirm={busy ? "Asking…" : "Set"}
        disabled={busy}
        problem={problem}
        onSubmit={submit}
        onLeave={onClose}
        height="max-h-[min(85dvh,40rem)]"
      >
        <p className="text-quiet">What runs into one is ended, with a reason. Empty: no limit.</p>
        <div className="grid gap-4 sm:grid-cols-2">
          {WORDS.map((word) => (
            <Field
              key={word}
              label={LABELS[word]}
              htmlFor={`${id}-${word}`}
              hint={`Such as ${LIMIT_WORDS[word].example}`}
              error={
                wrong === word ? (
                  <p id={`${id}-${word}-wrong`} role="alert" className="text-note text-fail">
                    That is not usable: write for example {LIMIT_WORDS[word].example}.
                  </p>
                ) : null
              }
            >
              <input
                id={`${id}-${word}`}
                className="field font-mono text-row!"
                autoComplete="off"
                autoCapitalize="off"
                spellCheck={false}
                value={typed[word] ?? ""}
                onChange={({ target: { value } }) => setTyped((now) => ({ ...now, [word]: value }))}
                {...(wrong === word && { "aria-invalid": true, "aria-describedby": `${id}-${word}-wrong` })}
              />
            </Field>
          ))}
        </div>
      </DialogForm>
    </Dialog>
  )
}

const amountOf = (word: LimitWord, typed: TypedLimits): number | null => {
  const text = typed[word] ?? ""
  return text.trim() === "" ? null : limitValue(word, text)
}
