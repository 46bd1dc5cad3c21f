import { useEffect, useRef, useState } from "react"
import type { PermissionRequest } from "#streams/session"
import { ApprovalCard, Asked, type Decide } from "./approval-card.tsx"

/**
 * What the agent of this session asks for, one question after the other. It takes the focus when nothing else has
 * it, never from somebody who types.
 */
export function ApprovalDock(props: {
  readonly approvals: readonly PermissionRequest[]
  readonly running: boolean
  readonly onDecide: Decide
}) {
  const { approvals, running, onDecide } = props
  const dock = useRef<HTMLElement>(null)
  const [answered, setAnswered] = useState<ReadonlySet<string>>(new Set())
  const request = approvals.find(({ requestId }) => !answered.has(requestId)) ?? approvals[0]
  const requestId = request?.requestId

  useEffect(() => {
    if (requestId === undefined) return
    if (document.activeElement === null || document.activeElement === document.body)
      dock.current?.focus({ preventScroll: true })
  }, [requestId])

  if (!request) return null

  const decide: Decide = async (asked, answer) => {
    setAnswered((before) => new Set([...before, asked.requestId]))
    const outcome = await onDecide(asked, answer)
    if (outcome.type !== "taken")
      setAnswered((before) => new Set([...before].filter((id) => id !== asked.requestId)))
    return outcome
  }
  return (
    <div className="max-h-[45dvh] shrink-0 overflow-y-auto border-t-2 border-needs-line bg-raised">
      <ApprovalCard
        key={request.requestId}
        ref={dock}
        id="approval-dock"
        label="Approval"
        request={request}
        running={running}
        onDecide={decide}
        className="mx-auto flex max-w-[80ch] flex-col gap-2 px-3 py-2.5 outline-needs! focus-visible:-outline-offset-2 sm:px-4"
        heading={
          <h2 className="flex items-baseline gap-2 text-row">
            <span className="font-semibold text-needs">Needs you</span>
            <Asked request={request} />
            {approvals.length > 1 && (
              <span className="text-note text-quiet figures">
                {approvals.indexOf(request) + 1} of {approvals.length}
              </span>
            )}
          </h2>
        }
      />
    </div>
  )
}
