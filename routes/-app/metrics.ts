/** What all sessions together amount to. Pure: reads the registry's rows and nothing else. */
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { changedAt } from "./session-order.ts"

export interface Totals {
  readonly sessions: number
  readonly turns: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
}

export interface Bar extends Totals {
  readonly name: string
}

export interface Metrics {
  readonly total: Totals
  readonly running: number
  readonly needsYou: number
  readonly failed: number
  /** Oldest first, none left out. */
  readonly days: readonly Bar[]
  /** Most tokens first. */
  readonly agents: readonly Bar[]
  readonly directories: readonly Bar[]
}

const none: Totals = { sessions: 0, turns: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 }

const add = (totals: Totals, { activity }: RegistryEntry): Totals => ({
  sessions: totals.sessions + 1,
  turns: totals.turns + (activity?.turns ?? 0),
  inputTokens: totals.inputTokens + (activity?.inputTokens ?? 0),
  outputTokens: totals.outputTokens + (activity?.outputTokens ?? 0),
  costUsd: totals.costUsd + (activity?.costUsd ?? 0),
})

const DAY = 86_400_000

/** `dayOf` names the day of a time where the reader is. */
export function metricsOf(
  entries: Iterable<RegistryEntry>,
  {
    days,
    now,
    dayOf,
  }: { readonly days: number; readonly now: number; readonly dayOf: (at: number) => string },
): Metrics {
  const since = now - days * DAY
  const recent = [...entries].filter((entry) => Date.parse(changedAt(entry)) >= since)
  const byDay = new Map(
    Array.from({ length: days }, (_, index) => [dayOf(now - (days - 1 - index) * DAY), none] as const),
  )
  for (const entry of recent) {
    const day = dayOf(Date.parse(entry.createdAt))
    const totals = byDay.get(day)
    if (totals) byDay.set(day, add(totals, entry))
  }
  return {
    total: recent.reduce(add, none),
    running: recent.filter(({ status }) => needsDaemon(status)).length,
    needsYou: recent.filter(({ status }) => status === "waiting").length,
    failed: recent.filter(({ status }) => status === "failed" || status === "interrupted").length,
    days: [...byDay].map(([name, totals]) => ({ name, ...totals })),
    agents: grouped(recent, ({ agentType }) => agentType),
    directories: grouped(recent, ({ workingDir }) => workingDir),
  }
}

function grouped(entries: readonly RegistryEntry[], nameOf: (entry: RegistryEntry) => string): Bar[] {
  const groups = new Map<string, Totals>()
  for (const entry of entries) groups.set(nameOf(entry), add(groups.get(nameOf(entry)) ?? none, entry))
  return [...groups]
    .map(([name, totals]) => ({ name, ...totals }))
    .sort((a, b) => b.inputTokens + b.outputTokens - (a.inputTokens + a.outputTokens))
}
