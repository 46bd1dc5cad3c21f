import {
  type KeyboardEvent,
  lazy,
  type MouseEvent,
  type ReactNode,
  type Ref,
  Suspense,
  useEffect,
  useRef,
  useState,
} from "react"
import type { Decision } from "#streams/event"
import type { PermissionRequest } from "#streams/session"
import { type Outcome, useHeldAnswers } from "../-app/answers.ts"
import type { Answer } from "../-app/api.ts"
import { isMac } from "../-app/commands.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { keysOf } from "../-app/key-map.ts"
import { nameOfKey, readableKeys, shortcutsOf } from "../-app/keys.ts"
import { useSettings } from "../-app/settings.ts"
import { shownInput } from "../-app/tool-input.ts"
import { FileDiff } from "./file-diff.tsx"
import { Scrolling, Terminal } from "./terminal.tsx"

const AlwaysRule = lazy(() => import("./always-rule.tsx"))

// A key that was meant for what was there a moment ago must not answer this.
const SETTLE_MS = 300

const LABEL: Record<Decision, string> = { allow: "Allow", allow_always: "Always", deny: "Deny" }
const ORDER: readonly Decision[] = ["allow", "allow_always", "deny"]

/** The focus shows the keys in the buttons, which would move them away under a mouse that is held down. */
const stayPut = (event: MouseEvent) => event.preventDefault()

/** Gives the answer to the server; what comes back is what became of it. */
export type Decide = (request: PermissionRequest, answer: Answer) => Promise<Outcome>

/** One question of an agent, exactly, and the answers to it. Its keys count only while it has the focus. */
export function ApprovalCard(props: {
  readonly request: PermissionRequest
  readonly running: boolean
  readonly onDecide: Decide
  readonly ref?: Ref<HTMLElement>
  readonly id?: string
  readonly label: string
  readonly heading: ReactNode
  readonly className: string
}) {
  const { request, running, onDecide, ref, id, label, heading, className } = props
  const [answer, setAnswer] = useState<Decision | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [note, setNote] = useState<string | null>(null)
  const { keys } = useSettings()
  const shownAt = useRef(0)
  const held = useHeldAnswers().some((one) => one.request.requestId === request.requestId)

  useEffect(() => {
    shownAt.current = performance.now()
  }, [])

  const decide = async (decision: Decision, more: Omit<Answer, "decision"> = {}) => {
    if (answer !== null || !request.decisions.includes(decision)) return
    setAnswer(decision)
    setProblem(null)
    const outcome = await onDecide(request, { decision, ...more })
    if (outcome.type === "taken") return
    if (outcome.type === "refused") setProblem(outcome.problem)
    setAnswer(null)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const name = nameOfKey(event)
    if (event.target instanceof HTMLInputElement || event.repeat || name === null) return
    if (performance.now() - shownAt.current < SETTLE_MS) return
    const decision = ORDER.find((each) => keysOf(each, keys) === name)
    if (decision === undefined) return
    event.preventDefault()
    void decide(decision)
  }

  const input = shownInput(request.input)
  const diffs = request.content.filter((content) => content.type === "diff")
  return (
    <section
      ref={ref}
      id={id}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys need a focus that is not a button's
      tabIndex={0}
      aria-label={label}
      onKeyDown={onKeyDown}
      className={`group ${className}`}
    >
      {heading}
      {input && (diffs.length === 0 || input.kind === "command") && (
        <Scrolling label="What it asks for">
          {input.kind === "command" && <span className="text-quiet select-none">$ </span>}
          {input.text}
        </Scrolling>
      )}
      {request.content.map((content, index) =>
        content.type === "diff" ? (
          <FileDiff
            key={content.path}
            change={content}
            foldKey={`${request.requestId} ${content.path}`}
            open
          />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place
          <Terminal key={index} text={content.text} label="Details" />
        ),
      )}
      {problem && (
        <p role="alert" className="text-row text-fail">
          {problem}
        </p>
      )}
      {request.denyEndsTurn && (
        <p className="text-note text-quiet">This agent takes a “no” as the end of its turn.</p>
      )}
      {note !== null && (
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault()
            void decide("deny", note.trim() === "" ? {} : { note: note.trim() })
          }}
        >
          <input
            className="field h-8 py-0! text-row!"
            aria-label="Why not"
            placeholder="Why not, and what to do instead"
            maxLength={4000}
            // biome-ignore lint/a11y/noAutofocus: it was opened to be typed into
            autoFocus
            value={note}
            onChange={({ target: { value } }) => setNote(value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setNote(null)
            }}
          />
          <button type="submit" className="control" disabled={answer !== null}>
            Say no
          </button>
        </form>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {ORDER.filter((decision) => request.decisions.includes(decision)).map((decision) => (
          <button
            key={decision}
            type="button"
            className={decision === "allow" ? "control control-accent" : "control"}
            disabled={answer !== null}
            onMouseDown={stayPut}
            aria-keyshortcuts={shortcutsOf(keysOf(decision, keys))}
            title={
              decision === "allow_always"
                ? `Also allows later calls like this one (${request.kind}) in this session`
                : undefined
            }
            onClick={() => void decide(decision)}
          >
            {LABEL[decision]}
            <kbd className="hidden font-sans text-note opacity-80 group-focus-within:inline touch:hidden!">
              {readableKeys(keysOf(decision, keys) ?? "", isMac())}
            </kbd>
          </button>
        ))}
        {request.touches && request.decisions.includes("allow_always") && (
          <button
            type="button"
            className="control"
            disabled={answer !== null}
            onMouseDown={stayPut}
            title="Allows calls like this one in every session of this agent in this directory. The settings list such rules."
            onClick={() => void decide("allow_always", { scope: "directory" })}
          >
            Always here
          </button>
        )}
        {(request.options ?? []).map(({ optionId, name, decision }) => (
          <button
            key={optionId}
            type="button"
            className="control"
            disabled={answer !== null}
            onMouseDown={stayPut}
            title={`The agent's own option: ${plainText(name)}`}
            onClick={() => void decide(decision, { optionId })}
          >
            <span className="max-w-64 truncate">{plainText(name)}</span>
          </button>
        ))}
        {request.decisions.includes("deny") && note === null && (
          <button
            type="button"
            className="control"
            disabled={answer !== null}
            onMouseDown={stayPut}
            onClick={() => setNote("")}
          >
            No, because…
          </button>
        )}
        <span className="text-note text-quiet" role="status">
          {answer !== null &&
            (held
              ? `${LABEL[answer]}: leaves in a moment`
              : running
                ? `${LABEL[answer]}: sent`
                : `${LABEL[answer]}: recorded; it counts when the session resumes`)}
        </span>
      </div>
      {/* Below what is pressed: it comes a moment later and must not move it. */}
      <Suspense>
        {request.touches && request.decisions.includes("allow_always") && <AlwaysRule request={request} />}
      </Suspense>
    </section>
  )
}

/** What is asked, in one line. */
export function Asked({ request }: { readonly request: PermissionRequest }) {
  return (
    <span className="min-w-0 flex-1 font-medium [overflow-wrap:anywhere]">{plainText(request.title)}</span>
  )
}
