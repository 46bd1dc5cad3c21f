import type { StepId } from "#streams/workflow/step-id"
import { copyText } from "../../-app/clipboard.ts"
import { type Offer, useCommands } from "../../-app/commands.ts"
import type { RunHeader } from "../../-app/protocol.ts"
import { ACTION_WORDS, type RunAction, runActionsOf, stepActionsOf } from "../../-app/run-actions.ts"
import type { Steps } from "../../-app/run-patches.ts"
import { stepTitle } from "../../-app/run-words.ts"

const RUN_TITLES = { resume: "Resume the run", pause: "Pause the run", cancel: "Cancel the run" } as const

/** What can be done with the run that is open, and with the step that is chosen in it. */
export function useRunCommands(given: {
  readonly header: RunHeader
  readonly steps: Steps
  readonly selected: StepId | null
  readonly view: "graph" | "list"
  readonly onSelect: (stepId: StepId | null) => void
  readonly onView: (view: "graph" | "list") => void
  readonly onAct: (action: RunAction) => void
}): void {
  const { header, steps, selected, view, onSelect, onView, onAct } = given
  const step = selected === null ? undefined : steps.get(selected)
  const move = (by: number) => () => {
    const ids = [...steps.values()].filter(({ place }) => place.index === null).map(({ stepId }) => stepId)
    const at = selected === null ? -1 : ids.indexOf(selected)
    onSelect(ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : at + by] ?? selected)
  }
  const ofRun = runActionsOf(header).map(
    (type): Offer => ({
      id: `run-${type}`,
      group: "Run",
      title: RUN_TITLES[type],
      run: () => onAct({ type }),
    }),
  )
  const ofStep =
    step === undefined
      ? []
      : stepActionsOf(header, step).map(
          (type): Offer => ({
            id: `step-${type}`,
            group: "Run",
            title: `${ACTION_WORDS[type]}: ${stepTitle(step.stepId)}`,
            run: () => onAct({ type, stepId: step.stepId }),
          }),
        )
  const other = view === "graph" ? "list" : "graph"
  // What is nearer to a person is the step: it has the key where both could have it.
  useCommands("page", [
    ...ofRun,
    ...ofStep,
    { id: "step-next", group: "View", title: "Next step", run: move(1) },
    { id: "step-previous", group: "View", title: "Previous step", run: move(-1) },
    {
      id: "run-view",
      group: "View",
      title: `Show the steps as a ${other}`,
      run: () => onView(other),
    },
    {
      id: "step-close",
      group: "View",
      title: "Close the step",
      run: () => onSelect(null),
    },
    {
      id: "run-link",
      group: "View",
      title: "Copy a link to this place",
      run: () => void copyText(location.href, "Link"),
    },
  ])
}
