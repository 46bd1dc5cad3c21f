import type { CheckDepth } from "./check.ts"
import type { LastRun } from "./last-run.ts"

/** What is read of the store before it is opened, and whether the rest follows while it serves. */
export interface CheckPlan {
  readonly before: CheckDepth
  readonly walkAfter: boolean
  readonly why: string
}

export interface StoreFacts {
  readonly bytes: number
  readonly transaction: number | null
  readonly boot: string
}

/** Up to this size every start reads the whole file: it takes a quarter of a second. */
const SMALL = 128 * 1024 * 1024
/** How a process dies of a damaged store. */
const BROKEN = ["SIGSEGV", "SIGBUS", "SIGABRT"]

/** See docs/adr/0003-store-check.md. */
export function planCheck(last: LastRun | null, store: StoreFacts): CheckPlan {
  const whole = (why: string): CheckPlan => ({ before: "whole", walkAfter: false, why })
  if (store.bytes <= SMALL) return whole("it is small")
  if (last === null) return { before: "branches", walkAfter: true, why: "nothing is known of the last run" }
  if (last.damage !== null) return whole("the last run found damage")
  if (last.signal !== null && BROKEN.includes(last.signal))
    return whole(`the last run died by ${last.signal}`)
  if (last.state === "closed") {
    if (last.transaction !== store.transaction)
      return { before: "branches", walkAfter: true, why: "the file was changed since it was closed" }
    if (!last.sound)
      return { before: "branches", walkAfter: true, why: "the last run had not read it through" }
    return { before: "headers", walkAfter: false, why: "the last run closed it" }
  }
  if (last.boot !== store.boot) return whole("the machine went down with the last run")
  if (!last.sound) return whole("the last run died before it had read the file through")
  return { before: "branches", walkAfter: true, why: "the last run was killed" }
}
