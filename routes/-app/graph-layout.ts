/** Where the steps of a workflow stand in its picture: from top to bottom, what needs nothing first. Pure. */
import { Graph, layout } from "@dagrejs/dagre"
import type { StepId } from "#streams/workflow/step-id"
import type { RunPlan } from "./protocol.ts"

export const NODE = { width: 208, height: 64 } as const

export interface Place {
  readonly x: number
  readonly y: number
}

/** The upper left corner of each step. */
export function layoutOf({ definition, edges }: RunPlan): ReadonlyMap<StepId, Place> {
  const graph = new Graph()
  graph.setGraph({ rankdir: "TB", nodesep: 24, ranksep: 36, marginx: 16, marginy: 16 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of definition.steps) graph.setNode(id, { ...NODE })
  for (const [from, to] of edges) graph.setEdge(from, to)
  layout(graph)
  return new Map(
    definition.steps.map(({ id }) => {
      const { x, y } = graph.node(id) as Place
      return [id, { x: x - NODE.width / 2, y: y - NODE.height / 2 }]
    }),
  )
}

/** The step that an arrow key leads to: along an edge, or to the next one beside it. */
export function neighbourOf(
  plan: RunPlan,
  places: ReadonlyMap<StepId, Place>,
  { from, key }: { readonly from: StepId; readonly key: string },
): StepId | null {
  const at = places.get(from)
  if (at === undefined) return null
  const near = (ids: readonly StepId[]) =>
    ids
      .flatMap((id) => {
        const place = places.get(id)
        return place === undefined ? [] : [{ id, away: Math.abs(place.x - at.x) }]
      })
      .sort((a, b) => a.away - b.away)[0]?.id ?? null
  const beside = (side: (x: number) => boolean) =>
    near([...places].filter(([, { x, y }]) => Math.abs(y - at.y) < 1 && side(x)).map(([id]) => id))
  switch (key) {
    case "ArrowDown":
      return near(plan.edges.filter(([before]) => before === from).map(([, after]) => after))
    case "ArrowUp":
      return near(plan.edges.filter(([, after]) => after === from).map(([before]) => before))
    case "ArrowRight":
      return beside((x) => x > at.x)
    case "ArrowLeft":
      return beside((x) => x < at.x)
    default:
      return null
  }
}
