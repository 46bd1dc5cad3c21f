import { useRef } from "react"

/** Of one press of a button: pressing it again after a lost answer does nothing twice. */
export const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-")

/** The key of what is asked: what is asked again after a lost answer keeps it, what is changed has another. */
export function useAttemptKey(): (asked: object) => string {
  const last = useRef({ of: "", key: "" })
  return (asked) => {
    const of = JSON.stringify(asked)
    if (last.current.of !== of) last.current = { of, key: newKey() }
    return last.current.key
  }
}
