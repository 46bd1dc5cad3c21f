import { type KeyboardEvent, useEffect, useRef, useState } from "react"
import type { Decision } from "#streams/event"
import type { PermissionRequest } from "#streams/session"
import { plainText } from "../-app/hidden-characters.ts"
import { shownInput } from "../-app/tool-input.ts"
import { FileDiff } from "./file-diff.tsx"
import { Scrolling, Terminal } from "./terminal.tsx"

// A key that was meant for what was there a moment ago must not answer this.
const SETTLE_MS = 300

const LABEL: Record<Decision, string> = { allow: "Allow", allow_always: "Always", deny: "Deny" }
const KEY: Record<Decision, string> = { allow: "y", allow_always: "Shift Y", deny: "n" }
const ORDER: readonly Decision[] = ["allow", "allow_always", "deny"]

/**
 * What the agent asks for, exactly, and the answers. Keys count only while the dock has the focus. It takes the
 * focus when nothing else has it, never from somebody who types.
 */
export function ApprovalDock(props: {
  readonly approvals: readonly PermissionRequest[]
  readonly running: boolean
  readonly onDecide: (request: PermissionRequest, decision: Decision) => Promise<string | null>
}) {
  const { approvals, running, onDecide } = props
  const dock = useRef<HTMLElement>(null)
  const [answers, setAnswers] = useState<Readonly<Record<string, Decision>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const request = approvals.find(({ requestId }) => !(requestId in answers)) ?? approvals[0]
  const requestId = request?.requestId
  const answer = requestId === undefined ? undefined : answers[requestId]
  const shownAt = useRef(0)

  useEffect(() => {
    if (requestId === undefined) return
    shownAt.current = performance.now()
    setProblem(null)
    if (document.activeElement === null || document.activeElement === document.body)
      dock.current?.focus({ preventScroll: true })
  }, [requestId])

  if (!request) return null

  const decide = async (decision: Decision) => {
    if (answer !== undefined || !request.decisions.includes(decision)) return
    setAnswers((before) => ({ ...before, [request.requestId]: decision }))
    setProblem(null)
    const refused = await onDecide(request, decision)
    if (refused === null) return
    setProblem(refused)
    setAnswers(({ [request.requestId]: _, ...rest }) => rest)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
    if (performance.now() - shownAt.current < SETTLE_MS) return
    const decision: Decision | null =
      event.key === "Y" ? "allow_always" : event.key === "y" ? "allow" : event.key === "n" ? "deny" : null
    if (decision === null) return
    event.preventDefault()
    void decide(decision)
  }

  const input = shownInput(request.input)
  const diffs = request.content.filter((content) => content.type === "diff")
  const place = approvals.indexOf(request) + 1
  return (
    <section
      ref={dock}
      id="approval-dock"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys of the dock need a focus that is not a button's
      tabIndex={0}
      aria-label="Approval"
      onKeyDown={onKeyDown}
      className="group max-h-[55dvh] shrink-0 overflow-y-auto border-t-2 border-needs-line bg-raised outline-needs! focus-visible:-outline-offset-2"
    >
      <div className="mx-auto flex max-w-[76ch] flex-col gap-2 px-3 py-2.5 sm:px-4">
        <h2 className="flex items-baseline gap-2 text-row">
          <span className="font-semibold text-needs">Needs you</span>
          <span className="min-w-0 flex-1 font-medium [overflow-wrap:anywhere]">
            {plainText(request.title)}
          </span>
          {approvals.length > 1 && (
            <span className="text-note text-quiet figures">
              {place} of {approvals.length}
            </span>
          )}
        </h2>
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
        <div className="flex flex-wrap items-center gap-2">
          {ORDER.filter((decision) => request.decisions.includes(decision)).map((decision) => (
            <button
              key={decision}
              type="button"
              className={decision === "allow" ? "control control-accent" : "control"}
              disabled={answer !== undefined}
              aria-keyshortcuts={decision === "allow_always" ? "Shift+Y" : KEY[decision]}
              title={
                decision === "allow_always"
                  ? "Also allows later calls like this one in this session"
                  : undefined
              }
              onClick={() => void decide(decision)}
            >
              {LABEL[decision]}
              <kbd className="hidden font-sans text-note opacity-80 group-focus-within:inline touch:hidden!">
                {KEY[decision]}
              </kbd>
            </button>
          ))}
          <span className="text-note text-quiet" role="status">
            {answer !== undefined &&
              (running
                ? `${LABEL[answer]}: sent`
                : `${LABEL[answer]}: recorded; it counts when the session resumes`)}
          </span>
        </div>
      </div>
    </section>
  )
}
