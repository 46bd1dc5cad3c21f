import { Link } from "@tanstack/react-router"
import { List, Workflow } from "lucide-react"
import type { RunId } from "#streams/ids"
import { costText, shortCount, shortPath } from "../../-app/figures.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import type { Connection, RunHeader as Header, RunPlan } from "../../-app/protocol.ts"
import { type RunAction, runActionsOf } from "../../-app/run-actions.ts"
import type { RunState } from "../../-app/run-order.ts"
import type { Steps } from "../../-app/run-patches.ts"
import { progressIn } from "../../-app/run-words.ts"
import { ConnectionNote } from "../connection-note.tsx"
import { ProgressBar } from "./progress-bar.tsx"
import { RunMark } from "./run-mark.tsx"
import { BY } from "./run-row.tsx"

const ACTIONS = { resume: "Resume", pause: "Pause", cancel: "Cancel" } as const

/** Which run this is, how far it has come, and what one does to all of it. */
export function RunHeader(props: {
  readonly runId: RunId
  readonly header: Header
  readonly plan: RunPlan | null
  readonly steps: Steps
  readonly state: RunState
  readonly connection: Connection
  readonly view: "graph" | "list"
  readonly onView: (view: "graph" | "list") => void
  readonly onAct: (action: RunAction) => void
}) {
  const { runId, header, plan, steps, state, connection, view, onView, onAct } = props
  const name = plan?.definition.name ?? runId
  const tokens = header.usage.inputTokens + header.usage.outputTokens
  return (
    <div className="shrink-0 border-b border-line px-3 py-1.5 sm:px-4">
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="min-w-0 truncate font-semibold">{plainText(name)}</h1>
        <RunMark state={state} leaving={header.leaving} className="text-row" />
        <span className="text-note">
          <ProgressBar {...progressIn(steps.values())} />
        </span>
        <div className="ml-auto flex shrink-0 flex-wrap items-center gap-1.5">
          {runActionsOf(header).map((type) => (
            <button
              key={type}
              type="button"
              className={type === "resume" ? "control control-accent" : "control"}
              onClick={() => onAct({ type })}
            >
              {ACTIONS[type]}
            </button>
          ))}
          <fieldset className="flex">
            <legend className="sr-only">Show the steps as</legend>
            {(["list", "graph"] as const).map((each) => (
              <button
                key={each}
                type="button"
                className="grid size-8 place-items-center rounded-md text-soft hover:bg-sunken aria-pressed:bg-sunken touch:size-11"
                aria-label={each === "list" ? "List" : "Graph"}
                aria-pressed={view === each}
                onClick={() => onView(each)}
              >
                {each === "list" ? <List size={16} aria-hidden /> : <Workflow size={16} aria-hidden />}
              </button>
            ))}
          </fieldset>
        </div>
      </div>
      <div className="flex items-center gap-x-4 text-note whitespace-nowrap text-quiet">
        <span className="min-w-0 truncate max-sm:hidden">{plainText(header.title)}</span>
        <span className="shrink-0 max-md:hidden">{BY[header.startedBy]}</span>
        {header.workingDir !== null && (
          <span className="min-w-0 truncate font-mono" title={header.workingDir}>
            {shortPath(plainText(header.workingDir), 40)}
          </span>
        )}
        {tokens > 0 && (
          <span className="shrink-0 figures max-sm:hidden">
            {shortCount(tokens)} tokens{header.usage.costUsd > 0 && ` · ${costText(header.usage.costUsd)}`}
          </span>
        )}
        {header.parent && <Other label="Part of" runId={header.parent.runId} />}
        {header.forkedFrom && <Other label="Fork of" runId={header.forkedFrom.runId} />}
        <span className="ml-auto shrink-0">
          <ConnectionNote connection={connection} />
        </span>
      </div>
    </div>
  )
}

const Other = ({ label, runId }: { readonly label: string; readonly runId: RunId }) => (
  <Link to="/w/$runId" params={{ runId }} className="shrink-0 underline underline-offset-2">
    {label} <span className="font-mono">{runId}</span>
  </Link>
)
