/** A word about what was just done, for a moment. */
import { useSyncExternalStore } from "react"

let words = ""
let timer: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

const set = (next: string) => {
  words = next
  for (const listener of listeners) listener()
}

export function toast(text: string): void {
  clearTimeout(timer)
  set(text)
  timer = setTimeout(() => set(""), 3_500)
}

export const useToast = (): string =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => words,
  )
