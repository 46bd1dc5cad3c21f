import { useSyncExternalStore } from "react"

const WIDE = "(min-width: 64rem)"

/** Whether there is room for a graph with something beside it. */
export const useWide = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      const query = matchMedia(WIDE)
      query.addEventListener("change", listener)
      return () => query.removeEventListener("change", listener)
    },
    () => matchMedia(WIDE).matches,
  )
