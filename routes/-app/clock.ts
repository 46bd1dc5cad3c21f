import { useSyncExternalStore } from "react"

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time, once a second, from one timer for the whole page. `step` makes it coarser for those who need less. */
export const useNow = (step = 1_000): number =>
  useSyncExternalStore(subscribe, () => Math.floor(Date.now() / step) * step)
