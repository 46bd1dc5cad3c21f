/// <reference types="vite/client" />
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react"
import "@xyflow/react/dist/base.css"
import clsx from "clsx"
import { type KeyboardEvent, memo, useMemo } from "react"
import type { StepState } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { layoutOf, NODE, neighbourOf } from "../../-app/graph-layout.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import type { RunPlan } from "../../-app/protocol.ts"
import type { Steps } from "../../-app/run-patches.ts"
import { KINDS, noteOf, stepMarkOf } from "../../-app/run-words.ts"
import { StepMark, stepWord } from "./run-mark.tsx"

type StepNode = Node<{ readonly step: StepState; readonly kind: string; readonly selected: boolean }, "step">

const nodeTypes = { step: memo(StepBox) }

/** The run as a picture that lives: where each step is does not change, how it stands does. */
export default function RunGraph(props: {
  readonly plan: RunPlan
  readonly steps: Steps
  readonly selected: StepId | null
  readonly onSelect: (stepId: StepId | null) => void
}) {
  const { plan, steps, selected, onSelect } = props
  const places = useMemo(() => layoutOf(plan), [plan])
  const nodes = useMemo(
    () =>
      plan.definition.steps.flatMap(({ id, kind }): StepNode[] => {
        const step = steps.get(id)
        const position = places.get(id)
        if (step === undefined || position === undefined) return []
        const word = stepWord(stepMarkOf(step))
        const tried = step.attempt > 1 ? `, ${step.attempt} attempts` : ""
        return [
          {
            id,
            type: "step",
            position: { ...position },
            data: { step, kind: KINDS[kind], selected: id === selected },
            ...NODE,
            ariaLabel: `Step ${id}, ${KINDS[kind]}, ${word}${tried}`,
            ariaRole: "button",
            domAttributes: { "aria-pressed": id === selected, "aria-roledescription": undefined },
          },
        ]
      }),
    [plan, steps, places, selected],
  )
  const edges = useMemo(
    () =>
      plan.edges.map(([source, target]): Edge => {
        const running = steps.get(target)?.status === "running"
        return {
          id: `${source} ${target}`,
          source,
          target,
          focusable: false,
          className: running ? "edge-live" : "",
        }
      }),
    [plan, steps],
  )
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const from = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id
    if (from === undefined) return
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault()
      onSelect(from === selected ? null : from)
      return
    }
    const to = neighbourOf(plan, places, { from, key: event.key })
    if (to === null) return
    event.preventDefault()
    event.currentTarget.querySelector<HTMLElement>(`.react-flow__node[data-id="${to}"]`)?.focus()
  }
  return (
    <section
      aria-label="Graph of the steps"
      className="run-graph min-h-0 flex-1"
      onKeyDownCapture={onKeyDown}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
        minZoom={0.1}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, { id }) => onSelect(id === selected ? null : id)}
        onPaneClick={() => onSelect(null)}
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </section>
  )
}

function StepBox({ id, data: { step, kind, selected } }: NodeProps<StepNode>) {
  const mark = stepMarkOf(step)
  const note = noteOf(step, Date.now())
  return (
    <div
      className={clsx(
        "flex h-full flex-col justify-center gap-0.5 overflow-hidden rounded-md border bg-paper px-2.5 text-row",
        selected ? "border-ink" : EDGES[mark],
      )}
    >
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{id}</span>
        {step.attempt > 1 && <span className="text-note text-quiet figures">×{step.attempt}</span>}
        <StepMark name={mark} className="text-note" />
      </div>
      <div className="truncate text-note text-quiet">{note === "" ? kind : plainText(note)}</div>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  )
}

/** Colour where an eye is needed; what is done or to come stays calm. */
const EDGES: Readonly<Record<ReturnType<typeof stepMarkOf>, string>> = {
  pending: "border-line-strong border-dashed",
  due: "border-resume",
  running: "border-run",
  silent: "border-needs",
  needs: "border-needs",
  waits: "border-line-strong",
  completed: "border-line-strong",
  failed: "border-fail",
  skipped: "border-line-strong border-dashed",
}
