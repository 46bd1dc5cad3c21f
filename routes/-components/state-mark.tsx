import clsx from "clsx"
import { Check, CircleAlert, Clock, Plug, Square, X } from "lucide-react"
import type { ReactNode } from "react"
import type { Status } from "#streams/session"

const Dot = () => <span aria-hidden className="pulse mx-1 size-2 rounded-full bg-current" />

export interface Mark {
  readonly word: string
  readonly className: string
  readonly icon: ReactNode
}

export const icon = { size: 14, "aria-hidden": true, strokeWidth: 2.25 } as const

/** Colour is spent on what needs an eye: a wall of finished work stays calm. */
export const MARKS: Readonly<Record<Status, Mark>> = {
  waiting: {
    word: "Needs you",
    className: "text-needs font-semibold",
    icon: <CircleAlert {...icon} className="pulse mx-px" />,
  },
  running: { word: "Running", className: "text-run", icon: <Dot /> },
  starting: { word: "Starting", className: "text-quiet", icon: <Clock {...icon} className="mx-px" /> },
  completed: { word: "Done", className: "text-quiet", icon: <Check {...icon} className="mx-px" /> },
  failed: { word: "Failed", className: "text-fail", icon: <X {...icon} className="mx-px" /> },
  interrupted: { word: "Interrupted", className: "text-resume", icon: <Plug {...icon} className="mx-px" /> },
  cancelled: { word: "Cancelled", className: "text-quiet", icon: <Square {...icon} className="mx-px" /> },
}

/** The state of a session as an icon and a word. */
export const StateMark = ({
  status,
  className,
}: {
  readonly status: Status
  readonly className?: string
}) => <MarkLine name={status} mark={MARKS[status]} className={className} />

export function MarkLine(props: {
  readonly name: string
  readonly mark: Mark
  readonly className?: string | undefined
}) {
  const { name, mark, className } = props
  return (
    <span
      data-status={name}
      className={clsx("inline-flex items-center gap-1.5 whitespace-nowrap", mark.className, className)}
    >
      {mark.icon}
      {mark.word}
    </span>
  )
}
