/** How many steps may be at work at once on this machine. Whoever finds no place is woken when there is one, in turn. */
import type { Room } from "#streams/workflow/plan"

export interface Places {
  room(): Room
  take(): void
  give(): void
  /** Whether that one waits for a place; `wake` is called when there may be one. */
  wait(wake: () => void, waits: boolean): void
}

export function placesOf(limit: number): Places {
  let taken = 0
  const waiting = new Set<() => void>()
  return {
    room: () => ({ places: Math.max(0, limit - taken), agents: new Map() }),
    take() {
      taken += 1
    },
    give() {
      taken -= 1
      for (const wake of [...waiting].slice(0, Math.max(0, limit - taken))) wake()
    },
    wait(wake, waits) {
      if (waits) waiting.add(wake)
      else waiting.delete(wake)
    },
  }
}
