/** How many steps may be at work at once on this machine. Whoever finds no place is woken when there is one, in turn. */
import type { Room } from "#streams/workflow/plan"

export interface StepLimits {
  /** Steps of all kinds. */
  readonly atOnce: number
  /** Of them, those of one type of agent; one that is not named has no limit of its own. */
  readonly ofAgents: ReadonlyMap<string, number>
}

/** `agent`: the type of the agent that the step is of; `null` where it is of none. */
export interface Places {
  room(): Room
  take(agent: string | null): void
  give(agent: string | null): void
  /** Whether that one waits for a place; `wake` is called when there may be one. */
  wait(wake: () => void, waits: boolean): void
}

export function placesOf({ atOnce, ofAgents }: StepLimits): Places {
  let taken = 0
  const takenBy = new Map<string, number>()
  const waiting = new Set<() => void>()
  const count = (agent: string | null, by: 1 | -1) => {
    taken += by
    if (agent !== null) takenBy.set(agent, (takenBy.get(agent) ?? 0) + by)
  }
  return {
    room: () => ({
      places: Math.max(0, atOnce - taken),
      agents: new Map(
        Array.from(ofAgents, ([agent, most]) => [agent, Math.max(0, most - (takenBy.get(agent) ?? 0))]),
      ),
    }),
    take: (agent) => count(agent, 1),
    give(agent) {
      count(agent, -1)
      for (const wake of [...waiting].slice(0, Math.max(0, atOnce - taken))) wake()
    },
    wait(wake, waits) {
      if (waits) waiting.add(wake)
      else waiting.delete(wake)
    },
  }
}
