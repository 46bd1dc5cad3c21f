/**
 * Holds a turn to what its session may use. The kernel refuses memory and processes where it can; what it refused,
 * and everything else, is looked at here, and a turn that went too far is ended with the reason. All is kept.
 */
import type { Failure } from "#streams/event"
import type { Limits } from "#streams/session-limits"
import type { DiskGrowth } from "./disk-growth.ts"
import { Failed } from "./failed.ts"
import type { Enclosure } from "./process/enclosure.ts"

/** Why a turn is ended that its agent would have gone on with. */
export class LimitReached extends Failed {
  override readonly name = "LimitReached"
}

/** What the session has cost up to now, with the running turn. */
export interface Spent {
  readonly costUsd: number
  readonly tokens: number
}

export interface TurnWatch extends Disposable {
  /** Aborts with `cancelled`, or with {@link LimitReached}. */
  readonly signal: AbortSignal
  /** Looks for the last time; `null` when the turn stayed within its limits. */
  reached(): Failure | null
}

export interface LimitDeps {
  readonly sessionId: string
  readonly limits: () => Limits
  readonly enclosure: Pick<Enclosure, "refusals" | "footprint">
  readonly disk: DiskGrowth
}

export type WatchTurn = (cancelled: AbortSignal, spent: () => Spent) => TurnWatch

/** So often it is looked; a turn may go too far for that long. */
const LOOK_MS = 500
/** Counting processes one by one reads much of what the system tells; only where the kernel does not count. */
const COUNT_EVERY = 4

export function limitsOf({ sessionId, limits, enclosure, disk }: LimitDeps): WatchTurn {
  const failures = failuresOf(sessionId)
  return (cancelled, spent) => {
    const own = new AbortController()
    const before = enclosure.refusals()
    const started = performance.now()
    let looks = 0

    const look = (): Failure | null => {
      const { memoryMb, processes, diskMb, minutes, costUsd, tokens } = limits()
      const now = enclosure.refusals()
      const refused = (kind: "memory" | "processes") => {
        const count = now[kind]
        return count === null ? null : count > (before[kind] ?? 0)
      }
      const counts =
        (memoryMb !== undefined && now.memory === null) || (processes !== undefined && now.processes === null)
      const footprint = counts && looks++ % COUNT_EVERY === 0 ? enclosure.footprint() : null
      if (memoryMb !== undefined && (refused("memory") ?? over(footprint?.memoryKb, memoryMb * 1024)))
        return failures.memory(memoryMb)
      if (processes !== undefined && (refused("processes") ?? over(footprint?.processes, processes)))
        return failures.processes(processes)
      if (diskMb !== undefined && disk.bytes() > diskMb * 1024 * 1024) return failures.disk(diskMb)
      if (minutes !== undefined && performance.now() - started >= minutes * 60_000)
        return failures.minutes(minutes)
      if (costUsd !== undefined && spent().costUsd >= costUsd) return failures.cost(costUsd)
      if (tokens !== undefined && spent().tokens >= tokens) return failures.tokens(tokens)
      return null
    }
    const check = () => {
      if (limits().diskMb !== undefined) disk.look()
      const failure = own.signal.aborted || cancelled.aborted ? null : look()
      if (failure) own.abort(new LimitReached(failure))
    }
    check()
    const timer = setInterval(check, LOOK_MS)
    return {
      signal: AbortSignal.any([cancelled, own.signal]),
      reached() {
        check()
        return own.signal.reason instanceof LimitReached ? own.signal.reason.failure : null
      },
      [Symbol.dispose]: () => clearInterval(timer),
    }
  }
}

const over = (value: number | undefined, limit: number): boolean => value !== undefined && value > limit

const failuresOf = (sessionId: string) => {
  const raise = (words: string) =>
    `Raise it with \`agentz limit ${sessionId} ${words}\`, then resume the session.`
  return {
    memory: (mb: number): Failure => ({
      code: "memory_limit",
      message: `The processes of this session needed more memory than the ${mb} MiB they may have.`,
      hint: raise("memory=…"),
    }),
    processes: (count: number): Failure => ({
      code: "process_limit",
      message: `This session tried to run more than the ${count} processes it may have at once.`,
      hint: raise("processes=…"),
    }),
    disk: (mb: number): Failure => ({
      code: "disk_limit",
      message: `The working directory grew by more than the ${mb} MiB that this session may write.`,
      hint: `Remove what is not needed. ${raise("disk=…")}`,
    }),
    minutes: (minutes: number): Failure => ({
      code: "time_budget",
      message: `The turn took longer than the ${minutes} minutes it may take.`,
      hint: `Resume the session to go on for as long again. ${raise("minutes=…")}`,
    }),
    cost: (usd: number): Failure => ({
      code: "cost_budget",
      message: `This session has cost the ${usd} USD it may cost.`,
      hint: raise("cost=…"),
    }),
    tokens: (tokens: number): Failure => ({
      code: "cost_budget",
      message: `This session has used the ${tokens} tokens it may use.`,
      hint: raise("tokens=…"),
    }),
  }
}
