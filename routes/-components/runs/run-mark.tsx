import { ArrowRightToLine, Circle, Clock, Hourglass, Pause, RotateCw } from "lucide-react"
import type { RunState } from "../../-app/run-order.ts"
import type { StepMarkName } from "../../-app/run-words.ts"
import { icon, MARKS, type Mark, MarkLine } from "../state-mark.tsx"

const RUN_MARKS: Readonly<Record<RunState, Mark>> = {
  waiting: MARKS.waiting,
  pending: MARKS.starting,
  running: MARKS.running,
  paused: { word: "Paused", className: "text-resume", icon: <Pause {...icon} className="mx-px" /> },
  completed: MARKS.completed,
  failed: MARKS.failed,
  cancelled: MARKS.cancelled,
}

type Leaving = "pausing" | "interrupting" | "cancelling" | null
const LEAVING = { pausing: "Pausing", interrupting: "Pausing", cancelling: "Cancelling" } as const

/** The state of a run as an icon and a word. */
export function RunMark(props: {
  readonly state: RunState
  readonly leaving: Leaving
  readonly className?: string
}) {
  const { state, leaving, className } = props
  const mark = RUN_MARKS[state]
  const shown = leaving === null ? mark : { ...mark, word: LEAVING[leaving] }
  return <MarkLine name={state} mark={shown} className={className} />
}

const quiet = "text-quiet"
const STEP_MARKS: Readonly<Record<StepMarkName, Mark>> = {
  pending: { word: "To come", className: quiet, icon: <Circle {...icon} className="mx-px opacity-60" /> },
  due: { word: "Tried again", className: "text-resume", icon: <RotateCw {...icon} className="mx-px" /> },
  running: MARKS.running,
  silent: { word: "Silent", className: "text-needs", icon: <Hourglass {...icon} className="mx-px" /> },
  needs: MARKS.waiting,
  waits: { word: "Waits", className: quiet, icon: <Clock {...icon} className="mx-px" /> },
  completed: MARKS.completed,
  failed: MARKS.failed,
  skipped: { word: "Skipped", className: quiet, icon: <ArrowRightToLine {...icon} className="mx-px" /> },
}

export const stepWord = (name: StepMarkName): string => STEP_MARKS[name].word

/** The state of a step as an icon and a word. */
export const StepMark = ({
  name,
  className,
}: {
  readonly name: StepMarkName
  readonly className?: string
}) => <MarkLine name={name} mark={STEP_MARKS[name]} className={className} />
