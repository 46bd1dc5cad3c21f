import { useEffect, useState } from "react"

// More than any window shows.
const AT_END = 30

/**
 * The end of a long list, then all of it: what is in view is drawn before anything is made of what is not. `whole`:
 * somebody wants a place in it at once.
 */
export function useEndFirst<Row>(rows: readonly Row[], whole: boolean): readonly Row[] {
  const [drawn, setDrawn] = useState(whole || rows.length <= AT_END)
  useEffect(() => {
    if (drawn) return
    // In the frame after the one that shows the end.
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setDrawn(true))
    })
    let timer: ReturnType<typeof setTimeout> | undefined
    // A hidden tab has no frames.
    const late = setTimeout(() => setDrawn(true), 1_000)
    return () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      clearTimeout(late)
    }
  }, [drawn])
  return drawn || whole ? rows : rows.slice(-AT_END)
}
