import clsx from "clsx"
import type { CheckpointMark } from "#streams/session"
import { unpushedIn, type WorkspaceState } from "#streams/workspace-fold"
import { clockTime } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"

/** How the branch and the checkpoints of a session stand at its remote; nothing where none was ever pushed. */
export function PushStand(props: {
  readonly workspace: WorkspaceState
  readonly checkpoints: readonly CheckpointMark[]
}) {
  const { push, lost } = props.workspace
  if (lost !== null) return <Line title="Work tree" text={lost.message} hint={lost.hint} bad />
  if (push === null) return null
  const { checkpoint, of } = unpushedIn(props) ?? { checkpoint: 0, of: 0 }
  const { trouble, branch, remote, url } = push
  if (trouble !== null) {
    const next = trouble.dueAt === null ? "with the next checkpoint" : `at ${clockTime(trouble.dueAt)}`
    return <Line title="Not pushed" text={trouble.error.message} hint={`It is tried again ${next}.`} bad />
  }
  const upTo =
    checkpoint === 0 ? null : checkpoint < of ? `checkpoint ${checkpoint} of ${of}` : "all checkpoints"
  const what = [branch?.name, upTo].filter(Boolean).join(", ")
  return <Line title="Pushed" text={`${what || "nothing"}, to ${remote}`} hint={url ?? undefined} />
}

function Line(props: {
  readonly title: string
  readonly text: string
  readonly hint?: string | undefined
  readonly bad?: boolean
}) {
  const { title, text, hint, bad = false } = props
  return (
    <p className="flex shrink-0 flex-wrap gap-x-2 border-b border-line px-4 py-1.5 text-note">
      <span className={clsx("font-medium", bad ? "text-needs" : "text-quiet")}>{title}</span>
      <span className="min-w-0 [overflow-wrap:anywhere]">{plainText(text)}</span>
      {hint && <span className="min-w-0 text-quiet [overflow-wrap:anywhere]">{plainText(hint)}</span>}
    </p>
  )
}
