import { useEffect, useState } from "react"
import { refusalOf } from "./refusal.ts"
import { openRunApi, type When } from "./run-api.ts"

interface Upcoming {
  readonly times: readonly string[]
  readonly problem: string | null
}

const NOTHING: Upcoming = { times: [], problem: null }
/** Somebody types. */
const SETTLE_MS = 250

/** When a schedule would be due next, as the server reckons it. */
export function useUpcoming(when: When | null): Upcoming {
  const [upcoming, setUpcoming] = useState(NOTHING)
  const asked = JSON.stringify(when)
  useEffect(() => {
    const given: When | null = JSON.parse(asked)
    if (given === null) return setUpcoming(NOTHING)
    let current = true
    const timer = setTimeout(() => {
      openRunApi(location.origin)
        .upcoming({ when: given })
        .then(
          ({ times }) => current && setUpcoming({ times, problem: null }),
          (error: unknown) => current && setUpcoming({ times: [], problem: refusalOf(error).message }),
        )
    }, SETTLE_MS)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [asked])
  return upcoming
}
