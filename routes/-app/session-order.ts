/** Which sessions a list shows, in which order. */
import type { RegistryEntry } from "#streams/registry"
import { STATUSES, type Status } from "#streams/session"

export const FILTERS = ["waiting", "running", "interrupted", "failed", "completed", "cancelled"] as const
export type Filter = (typeof FILTERS)[number]

/** "starting" is the first moment of "running" and has no filter of its own. */
const filterOf = (status: Status): Filter => (status === "starting" ? "running" : status)

export const isFilter = (value: unknown): value is Filter => FILTERS.includes(value as Filter)

const RANK: Record<Filter, number> = {
  waiting: 0,
  running: 1,
  interrupted: 2,
  failed: 2,
  completed: 2,
  cancelled: 2,
}

/**
 * Needs-you first, then running, then the rest by when it last did something. Within the first two a row keeps its
 * place while it works: longest waiting first, newest run first.
 */
export function sortSessions(entries: Iterable<RegistryEntry>): RegistryEntry[] {
  return [...entries].sort((a, b) => {
    const [rankA, rankB] = [RANK[filterOf(a.status)], RANK[filterOf(b.status)]]
    if (rankA !== rankB) return rankA - rankB
    if (rankA === 0) return compare(a.createdAt, b.createdAt)
    if (rankA === 1) return compare(b.createdAt, a.createdAt)
    return compare(changedAt(b), changedAt(a))
  })
}

export const changedAt = (entry: RegistryEntry): string => entry.activity?.updatedAt || entry.createdAt

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function filterSessions(
  entries: readonly RegistryEntry[],
  { q = "", status }: { readonly q?: string | undefined; readonly status?: Filter | undefined },
): RegistryEntry[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  return entries.filter((entry) => {
    if (status !== undefined && filterOf(entry.status) !== status) return false
    const text = [
      entry.title,
      entry.sessionId,
      entry.agentType,
      entry.workingDir,
      entry.activity?.lastLine ?? "",
    ]
      .join("\n")
      .toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Groups in the order of their first session; one without a name where nothing is grouped. */
export function groupSessions(
  entries: readonly RegistryEntry[],
  by: "directory" | undefined,
): { readonly name: string | null; readonly entries: readonly RegistryEntry[] }[] {
  if (by === undefined) return [{ name: null, entries }]
  const groups = new Map<string, RegistryEntry[]>()
  for (const entry of entries) groups.set(entry.workingDir, [...(groups.get(entry.workingDir) ?? []), entry])
  return [...groups].map(([name, of]) => ({ name, entries: of }))
}

export function countByFilter(entries: Iterable<RegistryEntry>): Record<Filter, number> {
  const counts: Record<Filter, number> = {
    waiting: 0,
    running: 0,
    interrupted: 0,
    failed: 0,
    completed: 0,
    cancelled: 0,
  }
  for (const { status } of entries) counts[filterOf(status)] += 1
  return counts
}

// The list of statuses is the fold's: a new one must be given a filter here.
STATUSES satisfies readonly (Filter | "starting")[]
