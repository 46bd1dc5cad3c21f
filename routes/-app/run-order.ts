/** Which runs a list shows, in which order. */
import type { RunEntry } from "#streams/workflow/registry"
import type { RunStatus, StepState } from "#streams/workflow/run"

export const RUN_FILTERS = ["waiting", "running", "paused", "failed", "completed", "cancelled"] as const
export type RunFilter = (typeof RUN_FILTERS)[number]

export const isRunFilter = (value: unknown): value is RunFilter => RUN_FILTERS.includes(value as RunFilter)

/** How a run stands for somebody who looks at many: one that asks is one that needs you. */
export type RunState = RunFilter | "pending"

export function runStateOf({ status, progress }: Pick<RunEntry, "status" | "progress">): RunState {
  const open = status === "running" || status === "pending"
  return open && (progress?.waiting ?? 0) > 0 ? "waiting" : status
}

/** "pending" is the first moment of "running" and has no filter of its own. */
const filterOf = (entry: RunEntry): RunFilter => {
  const state = runStateOf(entry)
  return state === "pending" ? "running" : state
}

const RANK: Readonly<Record<RunFilter, number>> = {
  waiting: 0,
  running: 1,
  paused: 2,
  failed: 2,
  completed: 2,
  cancelled: 2,
}

/** Needs-you first, the longest waiting before the others; then what runs, the newest first; then by the last change. */
export function sortRuns(entries: Iterable<RunEntry>): RunEntry[] {
  return [...entries].sort((a, b) => {
    const [rankA, rankB] = [RANK[filterOf(a)], RANK[filterOf(b)]]
    if (rankA !== rankB) return rankA - rankB
    if (rankA === 0) return compare(runChangedAt(a), runChangedAt(b))
    if (rankA === 1) return compare(b.createdAt, a.createdAt)
    return compare(runChangedAt(b), runChangedAt(a))
  })
}

export const runChangedAt = ({ progress, createdAt }: RunEntry): string => progress?.updatedAt || createdAt

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function filterRuns(
  entries: readonly RunEntry[],
  {
    q = "",
    status,
    workflow,
  }: {
    readonly q?: string | undefined
    readonly status?: RunFilter | undefined
    readonly workflow?: string | undefined
  },
): RunEntry[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  return entries.filter((entry) => {
    if (status !== undefined && filterOf(entry) !== status) return false
    if (workflow !== undefined && entry.workflow !== workflow) return false
    const { title, runId, workingDir, progress } = entry
    const text = [title, entry.workflow, runId, workingDir, progress?.error ?? ""].join("\n").toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export function countRuns(entries: Iterable<RunEntry>): Readonly<Record<RunFilter, number>> {
  const counts = { waiting: 0, running: 0, paused: 0, failed: 0, completed: 0, cancelled: 0 }
  for (const entry of entries) counts[filterOf(entry)] += 1
  return counts
}

/** How many ask something that no session of theirs asks: those are counted with the sessions. */
export const askingRuns = (entries: Iterable<RunEntry>): number =>
  [...entries].filter((entry) => runStateOf(entry) === "waiting" && asksItself(entry)).length

export const asksItself = ({ progress }: Pick<RunEntry, "progress">): boolean =>
  progress !== null && progress.waiting > (progress.waitingInSessions ?? 0)

/** The same from the run itself, as its page has it. */
export function runStateIn(
  { status }: { readonly status: RunStatus },
  steps: ReadonlyMap<unknown, StepState>,
): RunState {
  const open = status === "running" || status === "pending"
  const asks = [...steps.values()].some(({ waitingFor }) => waitingFor !== null && ASKS.has(waitingFor.type))
  return open && asks ? "waiting" : status
}

const ASKS: ReadonlySet<string> = new Set(["approval", "signal", "session"])
